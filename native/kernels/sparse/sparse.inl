#include "kernels/conv/finish.inl"
#include "kernels/conv/pack.inl"
#include "kernels/sparse/sparse.h"

namespace plumline {
namespace PLUMLINE_ISA_NAMESPACE {
namespace {

constexpr int kVectors = 32 / F32::kLanes;  // 32 pixels
constexpr int64_t kRows = 128;             // times 32 pixels: 16 KiB

template <int vectors>
void add_entries(const SparseEntry* entry, const SparseEntry* end, const float* panel, bool first, float* sums) {
  constexpr int64_t width = vectors * F32::kLanes;
  F32 sum[vectors];
  for (int v = 0; v < vectors; ++v) sum[v] = first ? F32::set(0) : F32::load(sums + v * F32::kLanes);
  for (; entry < end; ++entry) {
    const F32 value = F32::set(entry->value);
    const float* row = panel + entry->row * width;
    for (int v = 0; v < vectors; ++v) sum[v] = fma(value, F32::load(row + v * F32::kLanes), sum[v]);
  }
  for (int v = 0; v < vectors; ++v) sum[v].store(sums + v * F32::kLanes);
}

template <int vectors>
void run_tile(const Window& window, const Tile& tile, const Finish& finish, const float* source,
              const SparseWeights& weights, float* scratch) {
  if constexpr (vectors > 1) {
    if (tile.vectors < vectors) return run_tile<vectors - 1>(window, tile, finish, source, weights, scratch);
  }
  constexpr int64_t width = vectors * F32::kLanes;
  float* panel = scratch;
  float* sums = scratch + kRows * width;
  const Packer<vectors> packer(window, source, tile);
  const int64_t columns = window.columns();
  const int64_t parts = (columns + kRows - 1) / kRows;
  for (int64_t part = 0; part < parts; ++part) {
    const int64_t end = (part + 1) * kRows < columns ? (part + 1) * kRows : columns;
    packer.pack(part * kRows, end, panel);
    const int32_t* starts = weights.starts + (tile.group * parts + part) * window.filters;
    for (int64_t f = tile.first_filter; f < tile.end_filter; ++f)
      add_entries<vectors>(weights.entries + starts[f], weights.entries + starts[f + 1], panel, part == 0,
                           sums + (f - tile.first_filter) * width);
  }
  finish_tile(window, tile, finish,
              [&](int64_t filter, int64_t lane) { return F32::load(sums + filter * width + lane); });
}

}  // namespace

extern const SparseKernel sparse_kernel;
const SparseKernel sparse_kernel = {PLUMLINE_ISA_NAME, F32::kLanes, kVectors, kRows, run_tile<kVectors>};

}  // namespace PLUMLINE_ISA_NAMESPACE
}  // namespace plumline
