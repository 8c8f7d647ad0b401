#include "operators/fused.h"

#include "kernels/weights/weights.h"

namespace plumline {

Fused::Fused(const NodeSpec& spec, int64_t filters)
    : residual_(spec.inputs.size() == 2),
      bias_(parse_bias(spec, filters)),
      activation_(parse_activation(spec, filters)) {
  if (spec.inputs.empty() || spec.inputs.size() > 2)
    throw Error("takes 1 or 2 inputs, not " + std::to_string(spec.inputs.size()));
  if (spec.outputs.size() != 1) throw Error("makes 1 output, not " + std::to_string(spec.outputs.size()));
  if (activation_.slope) {
    slope_.assign(activation_.slope, activation_.slope + filters);
    activation_.slope = slope_.data();
  }
}

void Fused::check_residual(const std::vector<Shape>& inputs, const Shape& output) const {
  if (residual_ && inputs[1] != output)
    throw Error("the residual has shape " + to_string(inputs[1]) + ", the output " + to_string(output));
}

Finish Fused::finish(const RunContext& context) const {
  return {activation_, bias_.data(), residual_ ? context.inputs[1].data : nullptr, context.outputs[0].data};
}

}  // namespace plumline
