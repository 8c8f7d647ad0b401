#include "core/shape.h"

#include "core/error.h"

namespace plumline {

int64_t checked_count(const Shape& shape) {
  if (shape.size() > kMaxRank)
    throw Error("a tensor of " + std::to_string(shape.size()) + " axes: at most " + std::to_string(kMaxRank));
  int64_t product = 1;
  bool empty = false;
  for (const int64_t size : shape) {
    if (size < 0) throw Error("shape " + to_string(shape) + " has a negative size");
    if (size == 0) {
      empty = true;
      continue;
    }
    if (size > kMaxElements / product) throw Error("a tensor of shape " + to_string(shape) + " is too large");
    product *= size;
  }
  return empty ? 0 : product;
}

int64_t count(const Shape& shape, size_t begin, size_t end) {
  int64_t product = 1;
  for (size_t axis = begin; axis < end; ++axis) product *= shape[axis];
  return product;
}

int64_t count(const Shape& shape) { return count(shape, 0, shape.size()); }

int64_t normalized_axis(int64_t axis, size_t rank) {
  const int64_t axes = static_cast<int64_t>(rank);
  if (axis < -axes || axis >= axes)
    throw Error("axis " + std::to_string(axis) + " is out of range for a tensor of " + std::to_string(rank) + " axes");
  return axis < 0 ? axis + axes : axis;
}

std::string to_string(const Shape& shape) {
  std::string text = "(";
  for (size_t axis = 0; axis < shape.size(); ++axis) text += (axis ? "," : "") + std::to_string(shape[axis]);
  return text + ")";
}

}  // namespace plumline
