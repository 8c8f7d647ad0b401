#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/operator.h"
#include "kernels/conv/method.h"

namespace plumline {

// Which of several methods computes a convolution: for each shape of the input the one that the node's attribute `tuned`
// names, or the cheapest by their own estimates. What has been measured depends on the machine; which method runs
// depends on the file, the instruction set and the shapes alone.
// `Kind` is ConvMethod or IntegerMethod.
template <class Kind>
class MethodChoice {
 public:
  // `tuned` is "INSTRUCTION_SET SIZExSIZE... METHOD, ...": "avx512 1x64x56x56 merge". What is for another instruction set,
  // or for a method that the node does not have here, counts for nothing. Throws Error when it cannot be read.
  MethodChoice(std::vector<std::unique_ptr<Kind>> methods, Isa isa, const std::string& tuned);

  // Allocates nothing when the shape is that of the last call.
  const Kind& at(const Shape& input, const Window& window) const;

  std::string names() const;                                           // of all, for plan()
  std::string reason(const Shape& input, const Window& window) const;  // why it is the one that it is
  std::vector<Candidate> candidates(const Window& window) const;       // all that can, the cheapest first

 private:
  struct Hint {
    Shape input;
    Kind* method;
  };

  Kind* tuned(const Shape& input, const Window& window) const;
  Kind* choose(const Shape& input, const Window& window) const;

  std::vector<std::unique_ptr<Kind>> methods_;
  std::vector<Hint> hints_;
  // Estimates are worth keeping: a run is often shorter than a hundred of them. A graph plans and runs under its lock.
  mutable Shape last_input_;
  mutable const Kind* last_ = nullptr;
};

}  // namespace plumline
