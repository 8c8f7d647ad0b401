#include "operators/integer_layer.h"

#include <algorithm>
#include <cmath>

#include "operators/codes.h"
#include "operators/common.h"

namespace plumline {
namespace {

// Planes of a few bytes may stand for a huge matrix; what is made of them stays in proportion.
constexpr int64_t kAlwaysExpanded = int64_t{1} << 22;

void parse_dense(const NodeSpec& spec, IntegerLayer& layer) {
  layer.filters = spec.attributes.integer("filters");
  layer.columns = spec.attributes.integer("columns");
  if (layer.filters < 1 || layer.columns < 1) throw Error("filters and columns must be positive");
  const Constant& weight = spec.tensor("weight");
  weight.expect(DType::kInt8, {layer.filters, layer.columns}, "weight");
  layer.matrix.assign(weight.signed_bytes(), weight.signed_bytes() + weight.size());
}

void check_coefficient(float number) {
  if (!(number >= -255 && number <= 255) || number != std::nearbyint(number))
    throw Error("coefficient " + std::to_string(number) + " is no whole number up to 255");
}

void parse_planes(const NodeSpec& spec, IntegerLayer& layer) {
  const Weights weights = parse_weights(spec);
  for (int64_t plane = 0; plane < weights.planes(); ++plane) check_coefficient(weights.coefficient[plane]);
  for (const float coefficient : weights.total_coefficient) check_coefficient(coefficient);
  layer.filters = weights.filters;
  layer.columns = weights.columns;
  if (weights.filters * weights.columns > kAlwaysExpanded + 64 * weights.stored())
    throw Error("a matrix of " + to_string({weights.filters, weights.columns}) + " is too large for its planes");
  for (const float number : weights.expanded()) {
    if (number < -128 || number > 127)
      throw Error("planes give the weight " + std::to_string(number) + ", which is no int8");
    layer.matrix.push_back(static_cast<int8_t>(number));
  }
}

template <class T>
std::vector<T> vector_of(const NodeSpec& spec, const char* role, DType dtype, int64_t filters) {
  std::vector<T> numbers(static_cast<size_t>(filters), T{});
  if (const Constant* tensor = spec.find_tensor(role)) {
    tensor->expect(dtype, {filters}, role);
    const T* data = dtype == DType::kInt32 ? reinterpret_cast<const T*>(tensor->ints())
                                           : reinterpret_cast<const T*>(tensor->floats());
    numbers.assign(data, data + filters);
  }
  return numbers;
}

// Every sum of some of a filter's products lies between the sum of the lowest and that of the highest of each, as each
// lowest is at most 0 and each highest at least 0: the codes may be the zero point.
void check_sums(const IntegerLayer& layer) {
  const int64_t lowest = layer.input.low - layer.input.zero_point, highest = layer.input.high - layer.input.zero_point;
  for (int64_t m = 0; m < layer.filters; ++m) {
    int64_t least = 0, most = 0;
    for (int64_t k = 0; k < layer.columns; ++k) {
      const int64_t weight = layer.matrix[m * layer.columns + k];
      least += std::min(weight * lowest, weight * highest);
      most += std::max(weight * lowest, weight * highest);
    }
    const int64_t bias = layer.bias[m];
    if (std::min(least, least + bias) < INT32_MIN || std::max(most, most + bias) > INT32_MAX)
      throw Error("the sums of filter " + std::to_string(m) + " could leave int32");
  }
}

}  // namespace

IntegerLayer parse_integer_layer(const NodeSpec& spec) {
  expect_arity(spec, 1, 1);
  IntegerLayer layer{};
  const std::string form = spec.attributes.text("weights");
  if (form == "dense")
    parse_dense(spec, layer);
  else if (form == "planes")
    parse_planes(spec, layer);
  else
    throw Error("weights '" + form + "' is not one of dense, planes");
  layer.bias = vector_of<int32_t>(spec, "bias", DType::kInt32, layer.filters);
  layer.offset = vector_of<float>(spec, "offset", DType::kFloat32, layer.filters);
  spec.tensor("multiplier");
  layer.multiplier = vector_of<float>(spec, "multiplier", DType::kFloat32, layer.filters);
  for (const float number : layer.multiplier) checked_scale(static_cast<double>(number), "multiplier");
  layer.input = parse_codes(spec, "input", "input_");
  // A window that hangs over the edge reads the zero point.
  layer.input.low = std::min(layer.input.low, layer.input.zero_point);
  layer.input.high = std::max(layer.input.high, layer.input.zero_point);
  layer.to_float = spec.attributes.text("output") == "float32";
  if (!layer.to_float) layer.output = parse_codes(spec, "output", "");
  check_sums(layer);
  return layer;
}

DType infer_layer_type(const IntegerLayer& layer, const std::vector<DType>& inputs) {
  expect_type(inputs, 0, layer.input);
  return layer.to_float ? DType::kFloat32 : type_of(layer.output);
}

}  // namespace plumline
