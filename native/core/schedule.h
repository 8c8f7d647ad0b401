#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/operator.h"

namespace plumline {

// A node of a program with its operator.
struct Step {
  std::unique_ptr<Operator> operation;
  std::string title;  // for messages
  std::vector<int> inputs;
  std::vector<int> outputs;
};

// A value may be held in both layouts: a tensor is one of them.
struct Tensor {
  int value;
  Layout layout;
};

// What runs: the steps in their order, with conversions put before the first step that needs one.
struct ScheduledStep {
  const Operator* operation;
  size_t step;  // the node it belongs to; a conversion belongs to the one that needs it
  std::vector<Tensor> inputs;
  std::vector<Tensor> outputs;
};

// The conversions that a graph may use.
struct Conversions {
  const Operator* to_row_major;
  const Operator* to_sub_images;
};

// Chooses the layout of each value by its readers: a value that a reader wants as sub-images is made so when its step
// can and it is not among the `outputs` of the program, which are row-major. `shapes` are those of all values.
std::vector<ScheduledStep> schedule(const std::vector<Step>& steps, const std::vector<Shape>& shapes,
                                    const std::vector<int>& outputs, const Conversions& conversions);

}  // namespace plumline
