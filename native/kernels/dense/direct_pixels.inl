// A direct convolution whose lanes are pixels: for few columns, where turning the sums of filters would take long beside
// making them, and for filters too few to fill lanes. It needs rows of pixels, or an image read as one row, that are as
// long as a vector.

#include "kernels/activation/activation_simd.h"
#include "kernels/dense/blocks.inl"
#include "kernels/dense/direct_plan.h"

namespace plumline {
namespace PLUMLINE_ISA_NAMESPACE {
namespace {

// Vectors of pixels: where their windows begin in the source, and where they stand in the output, from its first pixel.
struct Pixels {
  const float* from[kVectors];
  int64_t to[kVectors];
};

// All columns of some filters. `weights` of the first: the next ones follow it, and those of the next column `lanes` on.
template <int filters, int vectors>
void sum_pixels(const DirectPlan& plan, const Pixels& pixels, const float* weights, const int64_t* offsets,
                const Finish& finish, int64_t filter, int64_t output) {
  F32 sum[filters][vectors];
#pragma GCC unroll 8
  for (int f = 0; f < filters; ++f)
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) sum[f][v] = F32::set(0);
  const Window& w = plan.window;
  int64_t shift = 0;
  for (int64_t channel = 0; channel < w.channels; channel += plan.chunk, shift += plan.chunk * plan.channel_stride) {
    const int64_t channels = w.channels - channel < plan.chunk ? w.channels - channel : plan.chunk;
    for (int64_t column = 0; column < channels * w.taps(); ++column, weights += F32::kLanes) {
      F32 x[vectors];
#pragma GCC unroll 4
      for (int v = 0; v < vectors; ++v) x[v] = F32::load(pixels.from[v] + shift + offsets[column]);
#pragma GCC unroll 8
      for (int f = 0; f < filters; ++f) {
        const F32 weight = F32::set(weights[f]);
#pragma GCC unroll 4
        for (int v = 0; v < vectors; ++v) sum[f][v] = fma(weight, x[v], sum[f][v]);
      }
    }
  }
#pragma GCC unroll 8
  for (int f = 0; f < filters; ++f) {
    const F32 bias = F32::set(finish.bias[filter + f]);
    const F32 slope = F32::set(finish.activation.slope ? finish.activation.slope[filter + f] : 0.0f);
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) {
      const int64_t at = output + f * w.pixels() + pixels.to[v];
      F32 y = sum[f][v] + bias;
      if (finish.residual) y = y + F32::load(finish.residual + at);
      activate(finish.activation, y, slope).store(finish.output + at);
    }
  }
}

// Blocks of `filters`, then what is left in blocks of half of it, and so on.
template <int filters, int vectors>
void sum_filters(const DirectPlan& plan, const Rectangle& tile, const Pixels& pixels, const float* weights,
                 const int64_t* offsets, const Finish& finish, int64_t filter) {
  const Window& w = plan.window;
  for (; tile.end_filter - filter >= filters; filter += filters) {
    const int64_t first = tile.group * w.filters + filter;
    sum_pixels<filters, vectors>(
        plan, pixels, weights + filter / F32::kLanes * w.columns() * F32::kLanes + filter % F32::kLanes, offsets, finish,
        first, (tile.image * w.groups * w.filters + first) * w.pixels());
  }
  if constexpr (filters > 1) {
    if (filter < tile.end_filter)
      sum_filters<filters / 2, vectors>(plan, tile, pixels, weights, offsets, finish, filter);
  }
}

template <int vectors>
void sum_vectors(int count, const DirectPlan& plan, const Rectangle& tile, const Pixels& pixels, const float* weights,
                 const int64_t* offsets, const Finish& finish) {
  if constexpr (vectors > 1) {
    if (count < vectors) return sum_vectors<vectors - 1>(count, plan, tile, pixels, weights, offsets, finish);
  }
  sum_filters<kFilters, vectors>(plan, tile, pixels, weights, offsets, finish, tile.first_filter);
}

// The last vector of a segment ends with it, so some of its pixels may be computed twice. A segment has a vector's length
// at least.
inline void run_pixels(const DirectPlan& plan, const Rectangle& tile, const Finish& finish, const float* first,
                       const float* weights, const int64_t* offsets) {
  const int64_t length = plan.segment_of(tile), segments = tile.rows * tile.columns / length;
  Pixels pixels;
  int count = 0;
  for (int64_t segment = 0; segment < segments; ++segment) {
    for (int64_t begin = 0; begin < length; begin += F32::kLanes) {
      const int64_t at = begin + F32::kLanes <= length ? begin : length - F32::kLanes;
      pixels.from[count] = first + segment * plan.row_step() + at;
      pixels.to[count++] = (tile.row + segment) * plan.window.out_width + tile.column + at;
      if (count < kVectors) continue;
      sum_vectors<kVectors>(count, plan, tile, pixels, weights, offsets, finish);
      count = 0;
    }
  }
  if (count > 0) sum_vectors<kVectors>(count, plan, tile, pixels, weights, offsets, finish);
}

}  // namespace
}  // namespace PLUMLINE_ISA_NAMESPACE
}  // namespace plumline
