#pragma once

#include <vector>

#include "core/operator.h"
#include "kernels/conv/window.h"

namespace plumline {

// What `conv` and `linear` do to their sums: bias, optional residual (the second input), activation.
class Fused {
 public:
  Fused(const NodeSpec& spec, int64_t filters);

  // Throws Error unless the second input, if there is one, has the output's shape.
  void check_residual(const std::vector<Shape>& inputs, const Shape& output) const;
  Finish finish(const RunContext& context) const;

 private:
  bool residual_;
  std::vector<float> bias_;
  std::vector<float> slope_;
  Activation activation_;
};

}  // namespace plumline
