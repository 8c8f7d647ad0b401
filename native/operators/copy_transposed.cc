#include "operators/copy_transposed.h"

#include <algorithm>

#include "core/parallel.h"
#include "operators/copy_strided.h"

namespace plumline {

namespace {

// Parts of a matrix that are turned by one job: whole cache lines on either side, but for the last.
constexpr int64_t kHeight = 16, kWidth = 1024;

int64_t parts_of(int64_t size, int64_t part) { return std::max<int64_t>(1, size / part); }

struct Part {
  int64_t begin, end;
};
Part part_of(int64_t index, int64_t size, int64_t part) {
  return {index * part, index + 1 == parts_of(size, part) ? size : (index + 1) * part};
}

void turn(const TransposeKernels& kernels, const float* from, int64_t from_step, float* to, int64_t to_step,
          int64_t height, int64_t width) {
  kernels.floats(from, from_step, to, to_step, height, width);
}
void turn(const TransposeKernels& kernels, const uint8_t* from, int64_t from_step, uint8_t* to, int64_t to_step,
          int64_t height, int64_t width) {
  kernels.bytes(from, from_step, to, to_step, height, width);
}

// The axes of a copy: those of size 1 are left out, and neighbours over which both sides move evenly are one.
struct Axes {
  size_t rank = 0;
  std::array<int64_t, kMaxRank> size{}, from{}, to{};

  Axes(const Shape& shape, const Strides& from_strides, const Strides& to_strides) {
    for (size_t axis = 0; axis < shape.size(); ++axis) {
      const int64_t n = shape[axis];
      if (n == 1) continue;
      if (rank > 0 && from[rank - 1] == from_strides[axis] * n && to[rank - 1] == to_strides[axis] * n)
        size[rank - 1] *= n;
      else
        size[rank++] = n;
      from[rank - 1] = from_strides[axis];
      to[rank - 1] = to_strides[axis];
    }
  }

  // The axis along which `from` is dense; the last where there is none but that.
  size_t turned() const {
    for (size_t axis = 0; axis + 1 < rank; ++axis)
      if (from[axis] == 1) return axis;
    return rank - 1;
  }
};

}  // namespace

template <class T>
void copy_transposed(ThreadPool& pool, const TransposeKernels& kernels, const Shape& shape, const T* from,
                     const Strides& from_strides, T* to) {
  if (count(shape) == 0) return;
  const Strides to_strides = dense_strides(shape);
  const Axes axes(shape, from_strides, to_strides);
  const size_t last = axes.rank - 1;
  if (axes.rank == 0 || axes.turned() == last) return copy_strided(pool, shape, from, from_strides, to, to_strides);
  const size_t inner = axes.turned();
  Walk<2> outer;
  for (size_t axis = 0; axis < last; ++axis)
    if (axis != inner) outer.add_axis(axes.size[axis], {axes.from[axis], axes.to[axis]});
  outer.finish_rows();
  const int64_t height = axes.size[inner], width = axes.size[last];
  const int64_t from_step = axes.from[last], to_step = axes.to[inner];
  const int64_t bands = parts_of(height, kHeight), blocks = parts_of(width, kWidth);
  const int64_t grain = std::max<int64_t>(1, kGrain * bands * blocks / (height * width));
  parallel_stretches(pool, outer.rows() * bands * blocks, grain, [&](int64_t begin, int64_t end) {
    for (int64_t index = begin; index < end; ++index) {
      const int64_t row = index / (bands * blocks);
      const Part i = part_of(index / blocks % bands, height, kHeight), j = part_of(index % blocks, width, kWidth);
      outer.visit(row, row + 1, [&](int64_t, const Offsets<2>& at) {
        turn(kernels, from + at[0] + i.begin + j.begin * from_step, from_step,
             to + at[1] + i.begin * to_step + j.begin, to_step, i.end - i.begin, j.end - j.begin);
      });
    }
  });
}

template void copy_transposed(ThreadPool&, const TransposeKernels&, const Shape&, const float*, const Strides&, float*);
template void copy_transposed(ThreadPool&, const TransposeKernels&, const Shape&, const uint8_t*, const Strides&,
                              uint8_t*);

}  // namespace plumline
