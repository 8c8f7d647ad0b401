#include "core/operator.h"

#include "core/sub_images.h"

namespace plumline {

namespace {

// Built when the first operator registers, which may be before any other static of this file.
std::map<std::string, OperatorFactory>& registry() {
  static std::map<std::string, OperatorFactory> factories;
  return factories;
}

}  // namespace

const Constant* NodeSpec::find_tensor(const std::string& role) const {
  const auto entry = tensors.find(role);
  return entry == tensors.end() ? nullptr : &entry->second;
}

const Constant& NodeSpec::tensor(const std::string& role) const {
  const Constant* found = find_tensor(role);
  if (!found) throw Error("tensor '" + role + "' is missing");
  return *found;
}

DType Operator::infer_type(const std::vector<DType>& inputs) const {
  for (const DType type : inputs)
    if (type != DType::kFloat32) throw Error(std::string("takes float32, not ") + name_of(type));
  return DType::kFloat32;
}

int64_t stored_count(const Shape& shape, Layout layout, DType dtype) {
  if (layout == Layout::kRowMajor) return count(shape);
  return cut_images(shape, dtype == DType::kFloat32 ? kSubImages : kCodeSubImages).size(shape[1]);
}

size_t Operator::scratch_bytes(const std::vector<Shape>&, int) const { return 0; }

RegisterOperator::RegisterOperator(const char* op, OperatorFactory factory) { registry()[op] = factory; }

std::unique_ptr<Operator> make_operator(const NodeSpec& spec, Isa isa) {
  const auto entry = registry().find(spec.op);
  if (entry == registry().end()) throw Error("unknown operator '" + spec.op + "'");
  return entry->second(spec, isa);
}

std::vector<std::string> registered_operators() {
  std::vector<std::string> names;
  for (const auto& entry : registry()) names.push_back(entry.first);
  return names;
}

}  // namespace plumline
