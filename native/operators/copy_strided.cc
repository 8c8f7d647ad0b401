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

}  // namespace

template <class T>
void copy_strided(ThreadPool& pool, const Shape& shape, const T* from, const Strides& from_strides, T* to,
                  const Strides& to_strides) {
  if (count(shape) == 0) return;
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
