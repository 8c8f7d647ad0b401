#include "kernels/conv/finish.inl"
#include "kernels/conv/pack.inl"
#include "kernels/dense/dense.h"

namespace plumline {
namespace PLUMLINE_ISA_NAMESPACE {
namespace {

// Blocks of kFilters x kVectors sums: as many as the registers hold beside the inputs and one weight.
#if defined(__AVX512F__)
constexpr int kFilters = 8, kVectors = 3;
#elif defined(__AVX2__)
constexpr int kFilters = 4, kVectors = 3;
#else
constexpr int kFilters = 4, kVectors = 2;
#endif
constexpr int64_t kRows = 128;

// sums[f] (+)= sum over the rows of weights[row][f] * panel[row].
template <int filters, int vectors>
void multiply(const float* weights, const float* panel, int64_t rows, bool first, float* sums) {
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
      const F32 weight = F32::set(weights[row * filters + f]);
#pragma GCC unroll 4
      for (int v = 0; v < vectors; ++v) sum[f][v] = fma(weight, x[v], sum[f][v]);
    }
  }
#pragma GCC unroll 8
  for (int f = 0; f < filters; ++f)
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) sum[f][v].store(sums + f * width + v * F32::kLanes);
}

// Blocks of `filters`, then what is left in blocks of half of it, and so on: the order that the weights are packed in.
template <int filters, int vectors>
void multiply_blocks(const float* weights, int64_t count, const float* panel, int64_t rows, bool first, float* sums) {
  while (count >= filters) {
    multiply<filters, vectors>(weights, panel, rows, first, sums);
    weights += filters * rows;
    sums += filters * vectors * F32::kLanes;
    count -= filters;
  }
  if constexpr (filters > 1) {
    if (count > 0) multiply_blocks<filters / 2, vectors>(weights, count, panel, rows, first, sums);
  }
}

template <int vectors>
void run_tile(const Window& window, const Tile& tile, const Finish& finish, const float* source, const float* weights,
              float* scratch) {
  if constexpr (vectors > 1) {
    if (tile.vectors < vectors) return run_tile<vectors - 1>(window, tile, finish, source, weights, scratch);
  }
  constexpr int64_t width = vectors * F32::kLanes;
  float* panel = scratch;
  float* sums = scratch + kRows * width;
  const Packer<vectors> packer(window, source, tile);
  const int64_t columns = window.columns();
  weights += tile.group * window.filters * columns;
  for (int64_t k = 0; k < columns; k += kRows) {
    const int64_t rows = columns - k < kRows ? columns - k : kRows;
    packer.pack(k, k + rows, panel);
    multiply_blocks<kFilters, vectors>(weights + k * window.filters + tile.first_filter * rows,
                                       tile.end_filter - tile.first_filter, panel, rows, k == 0, sums);
  }
  finish_tile(window, tile, finish,
              [&](int64_t filter, int64_t lane) { return F32::load(sums + filter * width + lane); });
}

}  // namespace

extern const DenseKernel dense_kernel;
const DenseKernel dense_kernel = {PLUMLINE_ISA_NAME, F32::kLanes, kVectors, kFilters, kRows, run_tile<kVectors>};

}  // namespace PLUMLINE_ISA_NAMESPACE
}  // namespace plumline
