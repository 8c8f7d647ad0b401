#include "kernels/summerge/summerge.h"

#include <algorithm>

#include "kernels/conv/method.h"
#include "kernels/conv/tiles.h"
#include "kernels/select.h"

namespace plumline {
namespace {

#define PLUMLINE_KERNEL(space, isa) {isa, &space::summerge_kernel},
constexpr Implementation<SumMergeKernel> kKernels[] = {
#include "kernels/summerge/kernels.inc"
};
#undef PLUMLINE_KERNEL

// Of a work area: what fits a first-level cache of 32 KiB beside a few accumulators.
constexpr int64_t kPartBytes = 24 << 10;

// The rows of a group's filters, columns in the order of the kernel.
std::vector<float> group_matrix(const std::vector<float>& matrix, int64_t columns, const Taps& taps, int64_t group) {
  const int64_t filters = static_cast<int64_t>(matrix.size()) / columns / taps.groups;
  std::vector<float> sorted(static_cast<size_t>(filters * columns));
  for (int64_t m = 0; m < filters; ++m)
    for (int64_t k = 0; k < columns; ++k)
      sorted[m * columns + tap_major_place(k, taps.channels, taps.taps)] = matrix[(group * filters + m) * columns + k];
  return sorted;
}

class SumMerge : public ConvMethod {
 public:
  SumMerge(const Weights& weights, const Taps& taps, const SumMergeOptions& options, Isa isa)
      : kernel_(select_kernels(kKernels, isa)) {
    const int64_t width = kernel_.vectors * kernel_.lanes * static_cast<int64_t>(sizeof(float));
    const std::vector<float> matrix = weights.expanded();
    for (int64_t group = 0; group < taps.groups; ++group) {
      const std::vector<float> rows = group_matrix(matrix, weights.columns, taps, group);
      const SumMergeGraph graph =
          make_summerge_graph(rows.data(), weights.filters / taps.groups, weights.columns, options);
      groups_.push_back({make_summerge_streams(graph, kPartBytes / width), {0}, {}});
      Group& made = groups_.back();
      for (const SumMergeAccumulator& accumulator : graph.accumulators) made.value.push_back(accumulator.value);
      size_t next = 0;
      for (int64_t m = 0; m < graph.filters; ++m) {
        while (next < graph.accumulators.size() && graph.accumulators[next].filter == m) ++next;
        made.row_start.push_back(static_cast<int32_t>(next));
      }
      rows_ = std::max(rows_, made.streams.rows + static_cast<int64_t>(made.value.size()));
    }
  }

  std::string name() const override { return std::string("summerge/") + kernel_.isa; }

  size_t scratch_bytes(const Window& window, int threads) const override {
    return phases_bytes(window) + threads * worker_bytes();
  }

  void run(const Window& window, const float* input, const Finish& finish, std::byte* scratch,
           ThreadPool& pool) const override {
    // All filters of a group share its sums: it is never divided.
    const Tiling tiling(window, kernel_.lanes, kernel_.vectors, window.filters, pool.threads());
    run_tiles(window, tiling, input, scratch, worker_bytes(), pool,
              [&](const Tile& tile, const float* source, float* work) {
                kernel_.run(window, tile, finish, source, groups_[tile.group].program(), work);
              });
  }

 private:
  struct Group {
    SumMergeStreams streams;
    std::vector<int32_t> row_start;
    std::vector<float> value;

    SumMergeProgram program() const {
      const SumMergeStreams& s = streams;
      return {s.parts.data(),        s.parts.data() + s.parts.size(), s.pairs.data(),   s.runs.data(),
              s.accumulators.data(), s.operands.data(),               s.rows,           row_start.data(),
              value.data()};
    }
  };

  // The work area, the sums, and a vector more, as the last ones are read at any lane.
  size_t worker_bytes() const { return align_up((rows_ * kernel_.vectors + 1) * kernel_.lanes * sizeof(float)); }

  const SumMergeKernel& kernel_;
  std::vector<Group> groups_;
  int64_t rows_ = 0;  // most of a group: its work area and its accumulators
};

}  // namespace

std::unique_ptr<ConvMethod> make_summerge(const Weights& weights, const Taps& taps, const SumMergeOptions& options,
                                          Isa isa) {
  return std::make_unique<SumMerge>(weights, taps, options, isa);
}

}  // namespace plumline
