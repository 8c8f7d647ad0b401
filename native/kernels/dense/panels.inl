// Panels of pixels (im2col) times blocks of filters: lanes are pixels. For filters too few to fill lanes, and for
// windows whose rows would be too long to copy.

#include "kernels/conv/finish.inl"
#include "kernels/conv/pack.inl"
#include "kernels/dense/blocks.inl"
#include "kernels/dense/dense.h"

namespace plumline {
namespace PLUMLINE_ISA_NAMESPACE {
namespace {

constexpr int64_t kRows = 128;

// sums[f] (+)= sum over the rows of weights[row][f] * panel[row].
template <int filters, int vectors>
void multiply_panel(const float* weights, const float* panel, int64_t rows, bool first, float* sums) {
  constexpr int64_t width = vectors * F32::kLanes;
  F32 sum[filters][vectors];
#pragma GCC unroll 8
  for (int f = 0; f < filters; ++f)
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) sum[f][v] = first ? F32::set(0) : F32::load(sums + f * width + v * F32::kLanes);
  for (int64_t row = 0; row < rows; ++row) {
    F32 x[vectors];
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) x[v] = F32::load(panel + row * width + v * F32::kLanes);
#pragma GCC unroll 8
    for (int f = 0; f < filters; ++f) {
      const F32 weight = F32::set(weights[row * F32::kLanes + f]);
#pragma GCC unroll 4
      for (int v = 0; v < vectors; ++v) sum[f][v] = fma(weight, x[v], sum[f][v]);
    }
  }
#pragma GCC unroll 8
  for (int f = 0; f < filters; ++f)
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) sum[f][v].store(sums + f * width + v * F32::kLanes);
}

// Blocks of `filters`, then what is left in blocks of half of it, and so on. `stride` is from one vector of filters to
// the next in the weights.
template <int filters, int vectors>
void multiply_blocks(const float* weights, int64_t stride, int64_t filter, int64_t end, const float* panel,
                     int64_t rows, bool first, float* sums) {
  for (; end - filter >= filters; filter += filters, sums += filters * vectors * F32::kLanes)
    multiply_panel<filters, vectors>(weights + filter / F32::kLanes * stride + filter % F32::kLanes, panel, rows, first,
                                     sums);
  if constexpr (filters > 1) {
    if (filter < end) multiply_blocks<filters / 2, vectors>(weights, stride, filter, end, panel, rows, first, sums);
  }
}

template <int vectors>
void run_panels(const Window& window, const Tile& tile, const Finish& finish, const float* source, const float* weights,
              float* scratch) {
  if constexpr (vectors > 1) {
    if (tile.vectors < vectors) return run_panels<vectors - 1>(window, tile, finish, source, weights, scratch);
  }
  constexpr int64_t width = vectors * F32::kLanes;
  const int64_t taps = window.taps();
  const int64_t most = kRows > taps ? kRows / taps : 1;  // channels at a time
  float* panel = scratch;
  float* sums = scratch + most * taps * width;
  const Packer<vectors> packer(window, source, tile);
  for (int64_t channel = 0; channel < window.channels; channel += most) {
    const int64_t count = window.channels - channel < most ? window.channels - channel : most;
    packer.pack_channels(channel, count, panel);
    multiply_blocks<kFilters, vectors>(weights + channel * taps * F32::kLanes, window.columns() * F32::kLanes,
                                       tile.first_filter, tile.end_filter, panel, count * taps, channel == 0, sums);
  }
  finish_tile(window, tile, finish,
              [&](int64_t filter, int64_t lane) { return F32::load(sums + filter * width + lane); });
}

}  // namespace

}  // namespace PLUMLINE_ISA_NAMESPACE
}  // namespace plumline
