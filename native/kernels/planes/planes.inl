#include "kernels/conv/finish.inl"
#include "kernels/conv/pack.inl"
#include "kernels/planes/planes.h"

namespace plumline {
namespace PLUMLINE_ISA_NAMESPACE {
namespace {

constexpr int kVectors = 16 / F32::kLanes;  // tables of 64 rows and 16 pixels: 16 KiB, half of a small first cache
constexpr int64_t kTables = kPlaneRows / 4;

// tables[entry] = sum of the rows whose bit is set in `entry`, for four rows; `total` grows by all of them.
template <int vectors>
inline void build_table(const float* rows, float* table, F32 (&total)[vectors]) {
  constexpr int64_t width = vectors * F32::kLanes;
  for (int v = 0; v < vectors; ++v) {
    F32 sum[16];
    sum[0] = F32::set(0);
#pragma GCC unroll 4
    for (int row = 0; row < 4; ++row) {
      const F32 x = F32::load(rows + row * width + v * F32::kLanes);
      sum[1 << row] = x;
#pragma GCC unroll 8
      for (int i = 1; i < 1 << row; ++i) sum[(1 << row) + i] = sum[i] + x;
    }
#pragma GCC unroll 16
    for (int i = 0; i < 16; ++i) sum[i].store(table + i * width + v * F32::kLanes);
    total[v] = total[v] + sum[15];
  }
}

// Adds the entries of tables [0, count) that the bits of `word` name. Even and odd tables are added apart, for speed.
template <int vectors>
inline void add_entries(uint64_t word, const float* tables, int64_t count, float* sums) {
  constexpr int64_t width = vectors * F32::kLanes;
  F32 even[vectors], odd[vectors];
#pragma GCC unroll 4
  for (int v = 0; v < vectors; ++v) {
    even[v] = F32::load(sums + v * F32::kLanes);
    odd[v] = F32::set(0);
  }
  const auto add = [&](int64_t i, uint64_t nibble, F32(&sum)[vectors]) {
    const float* entry = tables + i * 16 * width + nibble * width;
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) sum[v] = sum[v] + F32::load(entry + v * F32::kLanes);
  };
  if (count == kTables) {
#pragma GCC unroll 8
    for (int i = 0; i < kTables; i += 2) {
      add(i, word >> (4 * i) & 15, even);
      add(i + 1, word >> (4 * i + 4) & 15, odd);
    }
  } else {
    for (int64_t i = 0; i < count; ++i, word >>= 4) add(i, word & 15, i % 2 ? odd : even);
  }
#pragma GCC unroll 4
  for (int v = 0; v < vectors; ++v) (even[v] + odd[v]).store(sums + v * F32::kLanes);
}

template <int vectors>
void run_tile(const Window& window, const Tile& tile, const Finish& finish, const float* source,
              const PlaneWeights& weights, float* scratch) {
  if constexpr (vectors > 1) {
    if (tile.vectors < vectors) return run_tile<vectors - 1>(window, tile, finish, source, weights, scratch);
  }
  constexpr int64_t width = vectors * F32::kLanes;
  const int32_t* row_start = weights.row_start + tile.group * window.filters;
  const int64_t group_planes = row_start[window.filters] - row_start[0];
  const int64_t first_plane = row_start[tile.first_filter];
  const int64_t planes = row_start[tile.end_filter] - first_plane;
  const int64_t columns = window.columns();
  const int64_t parts = (columns + kPlaneRows - 1) / kPlaneRows;

  float* panel = scratch;
  float* tables = panel + kPlaneRows * width;
  float* total = tables + kTables * 16 * width;
  float* sums = total + width;
  for (int64_t i = 0; i < planes * width; i += F32::kLanes) F32::set(0).store(sums + i);
  F32 running_total[vectors];
  for (int v = 0; v < vectors; ++v) running_total[v] = F32::set(0);

  const Packer<vectors> packer(window, source, tile);
  const uint64_t* words = weights.words + row_start[0] * parts + (first_plane - row_start[0]);
  for (int64_t k = 0; k < columns; k += kPlaneRows, words += group_planes) {
    const int64_t rows = columns - k < kPlaneRows ? columns - k : kPlaneRows;
    const int64_t count = (rows + 3) / 4;
    packer.pack(k, k + rows, panel);
    for (int64_t i = rows * width; i < count * 4 * width; i += F32::kLanes) F32::set(0).store(panel + i);
    for (int64_t i = 0; i < count; ++i)
      build_table<vectors>(panel + i * 4 * width, tables + i * 16 * width, running_total);
    for (int64_t plane = 0; plane < planes; ++plane) {
      if (words[plane] != 0) add_entries<vectors>(words[plane], tables, count, sums + plane * width);
    }
  }
  for (int v = 0; v < vectors; ++v) running_total[v].store(total + v * F32::kLanes);

  finish_tile(window, tile, finish, [&](int64_t filter, int64_t lane) {
    const int64_t m = tile.first_filter + filter;
    F32 y = F32::set(0);
    if (weights.total_coefficient)
      y = F32::set(weights.total_coefficient[tile.group * window.filters + m]) * F32::load(total + lane);
    for (int64_t plane = row_start[m]; plane < row_start[m + 1]; ++plane)
      y = fma(F32::set(weights.coefficient[plane]), F32::load(sums + (plane - first_plane) * width + lane), y);
    return y;
  });
}

}  // namespace

extern const PlanesKernel planes_kernel;
const PlanesKernel planes_kernel = {PLUMLINE_ISA_NAME, F32::kLanes, kVectors, run_tile<kVectors>};

}  // namespace PLUMLINE_ISA_NAMESPACE
}  // namespace plumline
