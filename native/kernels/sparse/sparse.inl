#include "kernels/conv/finish.inl"
#include "kernels/conv/pack.inl"
#include "kernels/sparse/sparse.h"

namespace plumline {
namespace PLUMLINE_ISA_NAMESPACE {
namespace {

// As many pixels as the registers hold sums of for two filters: a weight costs a load as a vector of pixels does, so
// it should serve many, and the sums should be enough that none waits for itself.
constexpr int kVectors = F32::kLanes == 16 ? 8 : 6;

// Keeps a value in a register: GCC would load it again for each of its uses, and loads are what there is too much of.
inline void hold(F32& x) {
#if defined(__AVX2__)
  __asm__("" : "+v"(x.v));
#else
  (void)x;
#endif
}

template <int vectors>
struct Sums {
  F32 sum[vectors];

  // From `from`, or zero where that is null.
  void load(const float* from) {
#pragma GCC unroll 8
    for (int v = 0; v < vectors; ++v) sum[v] = from ? F32::load(from + v * F32::kLanes) : F32::set(0);
  }
  void store(float* to) const {
#pragma GCC unroll 8
    for (int v = 0; v < vectors; ++v) sum[v].store(to + v * F32::kLanes);
  }
  void add(const SparseEntry& entry, int which, const float* row) {
    const F32 value = F32::set(entry.value[which]);
#pragma GCC unroll 8
    for (int v = 0; v < vectors; ++v) sum[v] = fma(value, F32::load(row + v * F32::kLanes), sum[v]);
  }
  void add(const SparseOne&, int, const float* row) {
#pragma GCC unroll 8
    for (int v = 0; v < vectors; ++v) sum[v] = sum[v] + F32::load(row + v * F32::kLanes);
  }
};

template <int vectors>
void add_both(const SparseEntry& entry, const float* row, Sums<vectors>& first, Sums<vectors>& second) {
  const F32 value = F32::set(entry.value[0]), other = F32::set(entry.value[1]);
#pragma GCC unroll 8
  for (int v = 0; v < vectors; ++v) {
    F32 x = F32::load(row + v * F32::kLanes);
    hold(x);
    first.sum[v] = fma(value, x, first.sum[v]);
    second.sum[v] = fma(other, x, second.sum[v]);
  }
}

// Some processors have further units for what is a fused multiply-add.
template <int vectors>
void add_both(const SparseOne&, const float* row, Sums<vectors>& first, Sums<vectors>& second) {
  const F32 one = F32::set(1);
#pragma GCC unroll 8
  for (int v = 0; v < vectors; ++v) {
    F32 x = F32::load(row + v * F32::kLanes);
    hold(x);
    first.sum[v] = first.sum[v] + x;
    second.sum[v] = fma(one, x, second.sum[v]);
  }
}

// Adds the entries of two filters in one part of the panel to the sums `from` of both (zero where that is null); the
// results, the second filter's behind the first's, go to `to`.
template <int vectors, class Entry>
void add_entries(const Entry* entries, const int32_t* starts, const float* panel, const float* from, float* to) {
  constexpr int64_t width = vectors * F32::kLanes;
  Sums<vectors> first, second;
  first.load(from);
  second.load(from ? from + width : nullptr);
  const Entry* entry = entries + starts[0];
  for (const Entry* end = entries + starts[1]; entry < end; ++entry)
    add_both(*entry, panel + entry->row * width, first, second);
  for (const Entry* end = entries + starts[2]; entry < end; ++entry) first.add(*entry, 0, panel + entry->row * width);
  for (const Entry* end = entries + starts[3]; entry < end; ++entry) second.add(*entry, 1, panel + entry->row * width);
  first.store(to);
  second.store(to + width);
}

// A filter's sums as they are, or times the value of its entries.
F32 finished(const SparseWeights<SparseEntry>&, int64_t, F32 sum) { return sum; }
F32 finished(const SparseWeights<SparseOne>& weights, int64_t filter, F32 sum) {
  return F32::set(weights.coefficient[filter]) * sum;
}

template <int vectors, class Entry>
void run_tile(const Window& window, const Tile& tile, const Finish& finish, const float* source,
              const SparseWeights<Entry>& weights, float* scratch) {
  if constexpr (vectors > 1) {
    if (tile.vectors < vectors) return run_tile<vectors - 1>(window, tile, finish, source, weights, scratch);
  }
  constexpr int64_t width = vectors * F32::kLanes;
  float* panel = scratch;
  float* complete = scratch + weights.rows * width;    // sums of two filters, and a vector more
  float* partial = complete + 2 * width + F32::kLanes;  // those of all
  const Packer<vectors> packer(window, source, tile);
  const TileFinish output(window, tile, finish);
  const int64_t columns = window.columns();
  const int64_t parts = (columns + weights.rows - 1) / weights.rows;
  const int64_t pairs = (window.filters + 1) / 2;
  const auto store = [&](int64_t f, const float* sums) {
    output.store(f, [&](int64_t lane) {
      return finished(weights, tile.group * window.filters + f, F32::load(sums + lane));
    });
  };
  for (int64_t part = 0; part < parts; ++part) {
    const bool last = part + 1 == parts;
    packer.pack(part * weights.rows, last ? columns : (part + 1) * weights.rows, panel);
    const int32_t* starts = weights.starts + (tile.group * parts + part) * pairs * 3;
    for (int64_t f = tile.first_filter; f < tile.end_filter; f += 2) {
      float* sums = partial + (f - tile.first_filter) * width;
      add_entries<vectors>(weights.entries, starts + f / 2 * 3, panel, part == 0 ? nullptr : sums,
                           last ? complete : sums);
      if (!last) continue;
      store(f, complete);
      if (f + 1 < tile.end_filter) store(f + 1, complete + width);
    }
  }
}

}  // namespace

extern const SparseKernel sparse_kernel;
const SparseKernel sparse_kernel = {PLUMLINE_ISA_NAME, F32::kLanes, kVectors, run_tile<kVectors, SparseEntry>,
                                    run_tile<kVectors, SparseOne>};

}  // namespace PLUMLINE_ISA_NAMESPACE
}  // namespace plumline
