#include "operators/common.h"

namespace plumline {

void expect_arity(const NodeSpec& spec, size_t inputs, size_t outputs) {
  if (spec.inputs.size() != inputs)
    throw Error("takes " + std::to_string(inputs) + " inputs, not " + std::to_string(spec.inputs.size()));
  if (spec.outputs.size() != outputs)
    throw Error("makes " + std::to_string(outputs) + " outputs, not " + std::to_string(spec.outputs.size()));
}

}  // namespace plumline
