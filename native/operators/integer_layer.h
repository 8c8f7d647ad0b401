#pragma once

#include "core/operator.h"
#include "kernels/integer/layer.h"
#include "kernels/weights/weights.h"

namespace plumline {

// The matrix of a `quantized_conv` or `quantized_linear`: `planes` as in parse_weights, with whole coefficients, or int8
// numbers in the tensor `weight`. `layer` is filled from it and from the attributes and tensors of docs/architecture.md.
// Throws Error for anything unsound, among it sums that could leave int32.
IntegerLayer parse_integer_layer(const NodeSpec& spec);

// Throws Error unless the input has the type of the layer's codes; the type of the output.
DType infer_layer_type(const IntegerLayer& layer, const std::vector<DType>& inputs);

}  // namespace plumline
