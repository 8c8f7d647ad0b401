// The algorithm of every instruction set: see core/simd.h for how it is compiled.

#include "kernels/conv/transpose.h"
#include "kernels/transpose/transpose.h"

namespace plumline {
namespace PLUMLINE_ISA_NAMESPACE {

namespace {

// Squares of whole cache lines on either side: one row after the other would use one number of every line it touches.
template <class T>
void in_squares(const T* from, int64_t from_step, T* to, int64_t to_step, int64_t height, int64_t width) {
  constexpr int64_t kSide = 16;
  for (int64_t top = 0; top < height; top += kSide)
    for (int64_t left = 0; left < width; left += kSide) {
      const int64_t bottom = top + kSide < height ? top + kSide : height;
      const int64_t right = left + kSide < width ? left + kSide : width;
      for (int64_t i = top; i < bottom; ++i)
        for (int64_t j = left; j < right; ++j) to[i * to_step + j] = from[i + j * from_step];
    }
}

// Few numbers that lie together on one side, as the colours of an image do: the compiler knows how many.
template <class T, int64_t height>
void split_rows(const T* __restrict from, T* __restrict to, int64_t to_step, int64_t width) {
  for (int64_t j = 0; j < width; ++j)
    for (int64_t i = 0; i < height; ++i) to[i * to_step + j] = from[i + j * height];
}
template <class T, int64_t width>
void join_rows(const T* __restrict from, int64_t from_step, T* __restrict to, int64_t height) {
  for (int64_t i = 0; i < height; ++i)
    for (int64_t j = 0; j < width; ++j) to[i * width + j] = from[i + j * from_step];
}

template <class T>
bool few(const T* from, int64_t from_step, T* to, int64_t to_step, int64_t height, int64_t width) {
  if (height == 2 && from_step == 2) return split_rows<T, 2>(from, to, to_step, width), true;
  if (height == 3 && from_step == 3) return split_rows<T, 3>(from, to, to_step, width), true;
  if (height == 4 && from_step == 4) return split_rows<T, 4>(from, to, to_step, width), true;
  if (width == 2 && to_step == 2) return join_rows<T, 2>(from, from_step, to, height), true;
  if (width == 3 && to_step == 3) return join_rows<T, 3>(from, from_step, to, height), true;
  if (width == 4 && to_step == 4) return join_rows<T, 4>(from, from_step, to, height), true;
  return false;
}

void bytes(const uint8_t* from, int64_t from_step, uint8_t* to, int64_t to_step, int64_t height, int64_t width) {
  if (!few(from, from_step, to, to_step, height, width)) in_squares(from, from_step, to, to_step, height, width);
}

// The last squares go back over numbers that others have, so that they are whole.
void floats(const float* from, int64_t from_step, float* to, int64_t to_step, int64_t height, int64_t width) {
  constexpr int64_t kSide = F32::kLanes;
  if (few(from, from_step, to, to_step, height, width)) return;
  if (height < kSide || width < kSide) return in_squares(from, from_step, to, to_step, height, width);
  for (int64_t top = 0; top < height; top += kSide) {
    const int64_t i = top + kSide <= height ? top : height - kSide;
    for (int64_t left = 0; left < width; left += kSide) {
      const int64_t j = left + kSide <= width ? left : width - kSide;
      F32 rows[kSide];
      transpose(from + i + j * from_step, from_step, rows);
#pragma GCC unroll 16
      for (int r = 0; r < kSide; ++r) rows[r].store(to + (i + r) * to_step + j);
    }
  }
}

}  // namespace

extern const TransposeKernels kTranspose;
const TransposeKernels kTranspose = {PLUMLINE_ISA_NAME, floats, bytes};

}  // namespace PLUMLINE_ISA_NAMESPACE
}  // namespace plumline
