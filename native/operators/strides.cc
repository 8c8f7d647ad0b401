#include "operators/strides.h"

#include <algorithm>

#include "core/error.h"

namespace plumline {

Strides dense_strides(const Shape& shape) {
  Strides strides{};
  int64_t step = 1;
  for (size_t axis = shape.size(); axis-- > 0;) {
    strides[axis] = step;
    step *= shape[axis];
  }
  return strides;
}

Shape broadcast(const Shape& a, const Shape& b) {
  Shape shape(std::max(a.size(), b.size()));
  for (size_t i = 0; i < shape.size(); ++i) {  // counted from the last axis
    const int64_t left = i < a.size() ? a[a.size() - 1 - i] : 1;
    const int64_t right = i < b.size() ? b[b.size() - 1 - i] : 1;
    if (left != right && left != 1 && right != 1)
      throw Error("shapes " + to_string(a) + " and " + to_string(b) + " do not broadcast");
    shape[shape.size() - 1 - i] = left == 1 ? right : left;
  }
  return shape;
}

Strides broadcast_strides(const Shape& shape, const Shape& target) {
  const Strides dense = dense_strides(shape);
  const size_t missing = target.size() - shape.size();
  Strides strides{};
  for (size_t axis = 0; axis < shape.size(); ++axis)
    strides[missing + axis] = shape[axis] == 1 ? 0 : dense[axis];
  return strides;
}

}  // namespace plumline
