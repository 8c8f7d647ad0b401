#include "kernels/weights/weights.h"

#include <map>

namespace plumline {
namespace {

// A file of a few bytes may name a huge matrix without entries; what is made from it stays in proportion.
constexpr int64_t kMaxMatrix = INT32_MAX;  // filters are counted in int32

// Offsets of the parts of `size` things that belong to each filter.
std::vector<int32_t> parse_row_start(const NodeSpec& spec, int64_t filters, int64_t size) {
  const Constant& tensor = spec.tensor("row_start");
  tensor.expect(DType::kInt32, {filters + 1}, "row_start");
  std::vector<int32_t> starts(tensor.ints(), tensor.ints() + filters + 1);
  bool good = starts.front() == 0 && starts.back() == size;
  for (size_t m = 0; m + 1 < starts.size(); ++m) good = good && starts[m] <= starts[m + 1];
  if (!good) throw Error("row_start must rise from 0 to " + std::to_string(size));
  return starts;
}

// Numbers of a table, whose places stand one after the other with as many bits as the last place needs, the least
// significant first. Two places take a bit, so that what is made stays in proportion to the file.
std::vector<float> decode(const Constant& table, const Constant& code, int64_t count) {
  const int64_t places = table.size();
  if (places < 2 || places > (1 << 16)) throw Error("a table must have 2 to 65536 numbers, not " + std::to_string(places));
  table.expect(DType::kFloat32, {places}, "table");
  int width = 1;
  while (int64_t{1} << width < places) ++width;
  const int64_t bits = count * width;
  code.expect(DType::kUInt8, {(bits + 7) / 8}, "code");
  std::vector<float> numbers(static_cast<size_t>(count));
  const uint8_t* next = code.bytes();
  uint32_t held = 0;  // at most 15 bits are left when 8 more come
  int left = 0;
  for (float& number : numbers) {
    for (; left < width; left += 8) held |= static_cast<uint32_t>(*next++) << left;
    const uint32_t place = held & ((1u << width) - 1);
    if (place >= places) throw Error("a code is " + std::to_string(place) + ", but the table has " + std::to_string(places));
    number = table.floats()[place];
    held >>= width;
    left -= width;
  }
  if (held != 0) throw Error("the bits that pad the codes must be zero");
  return numbers;
}

// The floats of a role, which the file may have as codes of a table.
const float* parse_numbers(const NodeSpec& spec, Weights& weights, const char* role, const Shape& shape) {
  const Constant* table = spec.find_tensor("table");
  if (!table) {
    const Constant& tensor = spec.tensor(role);
    tensor.expect(DType::kFloat32, shape, role);
    return tensor.floats();
  }
  if (spec.find_tensor(role)) throw Error(std::string("either ") + role + " or table and code, not both");
  weights.decoded = std::make_shared<const std::vector<float>>(decode(*table, spec.tensor("code"), count(shape)));
  return weights.decoded->data();
}

void parse_dense(const NodeSpec& spec, Weights& weights) {
  weights.weight = parse_numbers(spec, weights, "weight", {weights.filters, weights.columns});
}

// Rows of plane_bytes() bytes, a bit a column, whose padding is zero.
const uint8_t* parse_bits(const NodeSpec& spec, const Weights& weights, int64_t rows) {
  const Constant& tensor = spec.tensor("bits");
  tensor.expect(DType::kUInt8, {rows, weights.plane_bytes()}, "bits");
  const uint8_t* bits = tensor.bytes();
  const int used = static_cast<int>(weights.columns % 8);
  for (int64_t r = 0; used != 0 && r < rows; ++r) {
    if (bits[(r + 1) * weights.plane_bytes() - 1] >> used)
      throw Error("the bits that pad row " + std::to_string(r) + " must be zero");
  }
  return bits;
}

void parse_sparse(const NodeSpec& spec, Weights& weights) {
  weights.bits = parse_bits(spec, weights, weights.filters);
  weights.row_start.push_back(0);
  for (int64_t m = 0; m < weights.filters; ++m) {
    for (int64_t k = 0; k < weights.columns; ++k)
      if (weights.bit(m, k)) weights.column.push_back(static_cast<int32_t>(k));
    weights.row_start.push_back(static_cast<int32_t>(weights.column.size()));
  }
  const int64_t entries = weights.row_start.back();
  if (const Constant* value = spec.find_tensor("value"); value && value->size() != entries)
    throw Error("value has " + std::to_string(value->size()) + " numbers, but bits mark " + std::to_string(entries) +
                " columns");
  weights.value = parse_numbers(spec, weights, "value", {entries});
}

void parse_planes(const NodeSpec& spec, Weights& weights) {
  const Constant& coefficient = spec.tensor("coefficient");
  const int64_t planes = coefficient.size();
  coefficient.expect(DType::kFloat32, {planes}, "coefficient");
  weights.coefficient = coefficient.floats();
  weights.bits = parse_bits(spec, weights, planes);
  if (spec.find_tensor("row_start")) {
    weights.row_start = parse_row_start(spec, weights.filters, planes);
  } else {
    coefficient.expect(DType::kFloat32, {weights.filters}, "coefficient");
    weights.row_start.resize(weights.filters + 1);
    for (int64_t m = 0; m <= weights.filters; ++m) weights.row_start[m] = static_cast<int32_t>(m);
  }
  if (const Constant* total = spec.find_tensor("total_coefficient")) {
    total->expect(DType::kFloat32, {weights.filters}, "total_coefficient");
    weights.total_coefficient.assign(total->floats(), total->floats() + weights.filters);
  }
}

}  // namespace

int64_t Weights::stored() const {
  switch (form) {
    case WeightForm::kDense:
    case WeightForm::kSparse: return filters * columns;
    case WeightForm::kPlanes: return planes() * columns;
  }
  return 0;
}

std::vector<float> Weights::expanded() const {
  if (form == WeightForm::kDense) return std::vector<float>(weight, weight + filters * columns);
  std::vector<float> matrix(filters * columns, 0.0f);
  for (int64_t m = 0; m < filters; ++m) {
    float* row = matrix.data() + m * columns;
    for (int32_t r = row_start[m]; r < row_start[m + 1]; ++r) {
      if (form == WeightForm::kSparse) {
        row[column[r]] = value[r];
      } else {
        for (int64_t k = 0; k < columns; ++k) row[k] += bit(r, k) ? coefficient[r] : 0.0f;
      }
    }
    if (!total_coefficient.empty()) {
      for (int64_t k = 0; k < columns; ++k) row[k] += total_coefficient[m];
    }
  }
  return matrix;
}

Weights parse_weights(const NodeSpec& spec) {
  struct Form {
    WeightForm form;
    void (*parse)(const NodeSpec&, Weights&);
  };
  static const std::map<std::string, Form> forms = {{"dense", {WeightForm::kDense, parse_dense}},
                                                    {"sparse", {WeightForm::kSparse, parse_sparse}},
                                                    {"planes", {WeightForm::kPlanes, parse_planes}}};
  const std::string name = spec.attributes.text("weights");
  const auto found = forms.find(name);
  if (found == forms.end()) throw Error("weights '" + name + "' is not one of dense, sparse, planes");
  Weights weights{};
  for (const auto& [role, tensor] : spec.tensors) weights.tensors.push_back(tensor);
  weights.form = found->second.form;
  weights.filters = spec.attributes.integer("filters");
  weights.columns = spec.attributes.integer("columns");
  if (weights.filters < 1 || weights.columns < 1) throw Error("filters and columns must be positive");
  if (checked_count({weights.filters, weights.columns}) > kMaxMatrix)
    throw Error("a matrix of " + to_string({weights.filters, weights.columns}) + " is too large");
  found->second.parse(spec, weights);
  return weights;
}

std::vector<float> parse_bias(const NodeSpec& spec, int64_t filters) {
  std::vector<float> bias(filters, 0.0f);
  if (const Constant* tensor = spec.find_tensor("bias")) {
    tensor->expect(DType::kFloat32, {filters}, "bias");
    bias.assign(tensor->floats(), tensor->floats() + filters);
  }
  return bias;
}

}  // namespace plumline
