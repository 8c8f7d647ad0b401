#include "operators/copy_strided.h"

#include <algorithm>
#include <cstring>

#include "core/parallel.h"

namespace plumline {

namespace {

template <class T>
void copy_row(const T* from, int64_t from_step, T* to, int64_t to_step, int64_t n) {
  if (from_step == 1 && to_step == 1) {
    std::memcpy(to, from, static_cast<size_t>(n) * sizeof(T));
    return;
  }
  for (int64_t i = 0; i < n; ++i) to[i * to_step] = from[i * from_step];
}

constexpr int64_t kTile = 16;  // a cache line of float32 on either side

// `to` is dense along the last axis, `from` along the axis `inner`: one after the other, either side would use one
// number of every cache line it touches. Squares of whole lines use all of them.
template <class T>
void copy_transposed(ThreadPool& pool, const Shape& shape, const T* from, const Strides& from_strides, T* to,
                     const Strides& to_strides, size_t inner) {
  const size_t last = shape.size() - 1;
  Walk<2> outer;
  for (size_t axis = 0; axis < last; ++axis)
    if (axis != inner) outer.add_axis(shape[axis], {from_strides[axis], to_strides[axis]});
  outer.finish_rows();
  const int64_t height = shape[inner], width = shape[last];
  const int64_t strips = (height + kTile - 1) / kTile;
  const int64_t from_step = from_strides[last], to_step = to_strides[inner];
  const auto copy_strip = [&](const T* source, T* target, int64_t first) {
    const int64_t end = std::min(first + kTile, height);
    for (int64_t left = 0; left < width; left += kTile) {
      const int64_t right = std::min(left + kTile, width);
      for (int64_t i = first; i < end; ++i)
        for (int64_t j = left; j < right; ++j) target[i * to_step + j] = source[i + j * from_step];
    }
  };
  const int64_t grain = std::max<int64_t>(1, kGrain / (kTile * width));
  parallel_stretches(pool, outer.rows() * strips, grain, [&](int64_t begin, int64_t end) {
    for (int64_t index = begin; index < end; ++index) {
      const int64_t row = index / strips;
      outer.visit(row, row + 1, [&](int64_t, const Offsets<2>& at) {
        copy_strip(from + at[0], to + at[1], index % strips * kTile);
      });
    }
  });
}

// The axis along which `from` is dense, if that is not the last one, along which `to` is; else the last.
size_t transposed_axis(const Shape& shape, const Strides& from_strides, const Strides& to_strides) {
  const size_t last = shape.size() - 1;
  if (to_strides[last] != 1 || from_strides[last] == 1 || shape[last] == 1) return last;
  for (size_t axis = 0; axis < last; ++axis)
    if (from_strides[axis] == 1 && shape[axis] > 1) return axis;
  return last;
}

}  // namespace

template <class T>
void copy_strided(ThreadPool& pool, const Shape& shape, const T* from, const Strides& from_strides, T* to,
                  const Strides& to_strides) {
  if (count(shape) == 0) return;
  if (!shape.empty()) {
    const size_t inner = transposed_axis(shape, from_strides, to_strides);
    if (inner + 1 < shape.size()) return copy_transposed(pool, shape, from, from_strides, to, to_strides, inner);
  }
  const Walk<2> walk(shape, {from_strides, to_strides});
  const int64_t row = walk.row_size();
  const int64_t from_step = walk.row_stride(0);
  const int64_t to_step = walk.row_stride(1);
  if (walk.rows() == 1) {
    parallel_stretches(pool, row, kGrain, [&](int64_t begin, int64_t end) {
      copy_row(from + begin * from_step, from_step, to + begin * to_step, to_step, end - begin);
    });
    return;
  }
  parallel_stretches(pool, walk.rows(), std::max<int64_t>(1, kGrain / row), [&](int64_t begin, int64_t end) {
    walk.visit(begin, end, [&](int64_t, const Offsets<2>& at) {
      copy_row(from + at[0], from_step, to + at[1], to_step, row);
    });
  });
}

template void copy_strided(ThreadPool&, const Shape&, const float*, const Strides&, float*, const Strides&);
template void copy_strided(ThreadPool&, const Shape&, const uint8_t*, const Strides&, uint8_t*, const Strides&);

}  // namespace plumline
