// The inner loop where lanes are filters: each input number times the weights that one column of the matrix has in some
// vectors of filters.

#pragma once

#include "kernels/conv/lanes.h"
#include "kernels/dense/direct_plan.h"

namespace plumline {
namespace PLUMLINE_ISA_NAMESPACE {
namespace {

// Blocks of sums: as many as the registers hold beside the weights of a tap and one input. Narrow images have too few
// neighbouring pixels for that; there more filters make up for them.
#if defined(__AVX512F__)
constexpr BlockSize kWide = {14, 2}, kNarrow = {6, 4};
#elif defined(__AVX2__)
constexpr BlockSize kWide = {6, 2}, kNarrow = {4, 3};
#else
constexpr BlockSize kWide = {4, 2}, kNarrow = {4, 2};
#endif

// A stretch of the columns of the matrix.
struct Stretch {
  const int64_t* offsets;  // from a block's first pixel under the first column to that under each column
  int64_t columns;
  const float* weights;    // of its first column
  int64_t weights_stride;  // from one vector of filters to the next
  bool first;              // whether sums begin here
  const float* next = nullptr;  // weights that are used after these, `weights_stride` apart too; may lie anywhere
};

// How many vectors of filters of the next weights one block asks for: the processor's own prefetching stops at every
// page. Where some blocks share the weights, the first ones ask for a vector each, so that memory is asked steadily.
enum class Ask { kNone, kOne, kAll };

// sums[pixel][filter] (+)= sum over the columns of weights[column][filter] * x[pixel + offset of the column].
template <int pixels, int vectors, Ask ask>
void multiply(const Stretch& stretch, const float* x, float* sums) {
  constexpr int64_t width = vectors * F32::kLanes;
  constexpr int asked = ask == Ask::kAll ? vectors : ask == Ask::kOne ? 1 : 0;
  F32 sum[pixels][vectors];
#pragma GCC unroll 16
  for (int p = 0; p < pixels; ++p)
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v)
      sum[p][v] = stretch.first ? F32::set(0) : F32::load(sums + p * width + v * F32::kLanes);
  const float* weights = stretch.weights;
  for (int64_t column = 0; column < stretch.columns; ++column, weights += F32::kLanes) {
    const float* at = x + stretch.offsets[column];
    F32 weight[vectors];
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) weight[v] = F32::load(weights + v * stretch.weights_stride);
#pragma GCC unroll 4
    for (int v = 0; v < asked; ++v) ask_ahead(stretch.next, v * stretch.weights_stride + column * F32::kLanes);
#pragma GCC unroll 16
    for (int p = 0; p < pixels; ++p) {
      const F32 value = F32::set(at[p]);
#pragma GCC unroll 4
      for (int v = 0; v < vectors; ++v) sum[p][v] = fma(value, weight[v], sum[p][v]);
    }
  }
#pragma GCC unroll 16
  for (int p = 0; p < pixels; ++p)
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) sum[p][v].store(sums + p * width + v * F32::kLanes);
}

template <int most, int vectors>
void multiply_block(int count, Ask ask, const Stretch& stretch, const float* x, float* sums) {
  if constexpr (most > 1) {
    if (count < most) return multiply_block<most - 1, vectors>(count, ask, stretch, x, sums);
  }
  if (ask == Ask::kNone)
    multiply<most, vectors, Ask::kNone>(stretch, x, sums);
  else if (ask == Ask::kOne)
    multiply<most, vectors, Ask::kOne>(stretch, x, sums);
  else
    multiply<most, vectors, Ask::kAll>(stretch, x, sums);
}

}  // namespace
}  // namespace PLUMLINE_ISA_NAMESPACE
}  // namespace plumline
