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

// How far ahead weights are asked for: the processor's own prefetching stops at every page. With short vectors there is
// no time for it.
constexpr int64_t kAhead = F32::kLanes >= 16 ? 40 * F32::kLanes : 0;

// A stretch of the columns of the matrix: whole channels.
struct Stretch {
  const int64_t* taps;  // where each moves the window
  int64_t tap_count;
  int64_t channels, channel_stride;
  const float* weights;      // of its first column
  int64_t weights_stride;    // from one vector of filters to the next
  bool first;                // whether sums begin here
};

// sums[pixel][filter] (+)= sum over the columns of weights[column][filter] * x[column, pixel].
template <int pixels, int vectors>
void multiply(const Stretch& stretch, const float* x, float* sums) {
  constexpr int64_t width = vectors * F32::kLanes;
  F32 sum[pixels][vectors];
#pragma GCC unroll 16
  for (int p = 0; p < pixels; ++p)
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v)
      sum[p][v] = stretch.first ? F32::set(0) : F32::load(sums + p * width + v * F32::kLanes);
  const float* weights = stretch.weights;
  for (int64_t channel = 0; channel < stretch.channels; ++channel, x += stretch.channel_stride) {
    for (int64_t tap = 0; tap < stretch.tap_count; ++tap, weights += F32::kLanes) {
      const float* at = x + stretch.taps[tap];
      F32 weight[vectors];
#pragma GCC unroll 4
      for (int v = 0; v < vectors; ++v) {
        weight[v] = F32::load(weights + v * stretch.weights_stride);
        if (kAhead > 0) __builtin_prefetch(shifted(weights, v * stretch.weights_stride + kAhead));
      }
#pragma GCC unroll 16
      for (int p = 0; p < pixels; ++p) {
        const F32 value = F32::set(at[p]);
#pragma GCC unroll 4
        for (int v = 0; v < vectors; ++v) sum[p][v] = fma(value, weight[v], sum[p][v]);
      }
    }
  }
#pragma GCC unroll 16
  for (int p = 0; p < pixels; ++p)
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) sum[p][v].store(sums + p * width + v * F32::kLanes);
}

template <int most, int vectors>
void multiply_block(int count, const Stretch& stretch, const float* x, float* sums) {
  if constexpr (most > 1) {
    if (count < most) return multiply_block<most - 1, vectors>(count, stretch, x, sums);
  }
  multiply<most, vectors>(stretch, x, sums);
}

}  // namespace
}  // namespace PLUMLINE_ISA_NAMESPACE
}  // namespace plumline
