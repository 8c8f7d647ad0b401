#include "kernels/conv/finish.inl"
#include "kernels/conv/pack.inl"
#include "kernels/planes/planes.h"

namespace plumline {
namespace PLUMLINE_ISA_NAMESPACE {
namespace {

constexpr int kVectors = 16 / F32::kLanes;  // tables of 64 rows and 16 pixels: 16 KiB, half of a small first cache
#if defined(__AVX512F__)
constexpr double kTableCost = 60, kEntryCost = 1.22;
#else
constexpr double kTableCost = 68, kEntryCost = 1.5;
#endif
constexpr int64_t kEntries = 16;            // of a table of four rows
constexpr int64_t kTables = kPlaneRows / 4;

// Rows are packed where they are entries of their tables: entry 1, 2, 4 or 8.
struct InTables {
  static int64_t place(int64_t row) { return row / 4 * kEntries + (int64_t{1} << row % 4); }
};

// Fills in the other entries: an entry is the sum of the rows whose bit is set in its number. Entry 0 stays zero;
// `total` grows by the last one.
template <int vectors>
inline void fill_table(float* table, F32 (&total)[vectors]) {
  constexpr int64_t width = vectors * F32::kLanes;
  for (int v = 0; v < vectors; ++v, table += F32::kLanes) {
    F32 sum[kEntries];
#pragma GCC unroll 4
    for (int bit = 1; bit < kEntries; bit *= 2) {
      sum[bit] = F32::load(table + bit * width);
#pragma GCC unroll 8
      for (int i = 1; i < bit; ++i) {
        sum[bit + i] = sum[i] + sum[bit];
        sum[bit + i].store(table + (bit + i) * width);
      }
    }
    total[v] = total[v] + sum[kEntries - 1];
  }
}

// Where the entry that the i-th four bits of `word` name stands in its table. With 16 pixels an entry is 64 bytes: the
// shift leaves the bits where they count in those, one instruction less than to shift them down and multiply.
template <int64_t width>
inline int64_t entry_at(uint64_t word, int i) {
  if constexpr (width == 16) {
    const uint64_t shifted = 4 * i < 6 ? word << (6 - 4 * i) : word >> (4 * i - 6);
    return static_cast<int64_t>(shifted & 0x3C0) / 4;
  }
  return static_cast<int64_t>(word >> (4 * i) & 15) * width;
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
  const auto add = [&](const float* entry, F32(&sum)[vectors]) {
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) sum[v] = sum[v] + F32::load(entry + v * F32::kLanes);
  };
  if (count == kTables) {
#pragma GCC unroll 16
    for (int i = 0; i < kTables; i += 2) {
      add(tables + i * kEntries * width + entry_at<width>(word, i), even);
      add(tables + (i + 1) * kEntries * width + entry_at<width>(word, i + 1), odd);
    }
  } else {
#pragma GCC unroll 1
    for (int64_t i = 0; i < count; ++i, word >>= 4) add(tables + (i * kEntries + (word & 15)) * width, even);
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

  float* tables = scratch;
  float* total = tables + kTables * kEntries * width;
  float* sums = total + width;
  for (int64_t i = 0; i < planes * width; i += F32::kLanes) F32::set(0).store(sums + i);
  for (int64_t i = 0; i < kTables; ++i)
    for (int v = 0; v < vectors; ++v) F32::set(0).store(tables + i * kEntries * width + v * F32::kLanes);
  F32 running_total[vectors];
  for (int v = 0; v < vectors; ++v) running_total[v] = F32::set(0);

  const Packer<vectors, InTables> packer(window, source, tile);
  const uint64_t* words = weights.words + row_start[0] * parts + (first_plane - row_start[0]);
  for (int64_t k = 0; k < columns; k += kPlaneRows, words += group_planes) {
    const int64_t rows = columns - k < kPlaneRows ? columns - k : kPlaneRows;
    const int64_t count = (rows + 3) / 4;
    packer.pack(k, k + rows, tables);
    for (int64_t row = rows; row < count * 4; ++row)
      for (int v = 0; v < vectors; ++v) F32::set(0).store(tables + InTables::place(row) * width + v * F32::kLanes);
    for (int64_t i = 0; i < count; ++i) fill_table<vectors>(tables + i * kEntries * width, running_total);
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
const PlanesKernel planes_kernel = {PLUMLINE_ISA_NAME, F32::kLanes, kVectors,
                                     kTableCost,        kEntryCost,    run_tile<kVectors>};

}  // namespace PLUMLINE_ISA_NAMESPACE
}  // namespace plumline
