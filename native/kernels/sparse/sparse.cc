#include "kernels/sparse/sparse.h"

#include <algorithm>
#include <cmath>

#include "kernels/conv/method.h"
#include "kernels/conv/tiles.h"
#include "kernels/select.h"

namespace plumline {
namespace {

#define PLUMLINE_KERNEL(space, isa) {isa, &space::sparse_kernel},
constexpr Implementation<SparseKernel> kKernels[] = {
#include "kernels/sparse/kernels.inc"
};
#undef PLUMLINE_KERNEL

// Rows of the panel in a part: enough that the entries of a filter (about kEntries) outweigh loading and storing its
// sums, as few as fill half a nearest cache well, and at most what the next cache serves without much delay.
int64_t rows_in_part(const SparseKernel& kernel, const Weights& weights) {
  constexpr int64_t kEntries = 24, kLeastBytes = 24 << 10, kMostBytes = 48 << 10;
  const int64_t row_bytes = kernel.vectors * kernel.lanes * static_cast<int64_t>(sizeof(float));
  const int64_t wanted = kEntries * weights.filters * weights.columns / std::max(1, weights.row_start.back());
  return std::clamp(wanted, kLeastBytes / row_bytes, kMostBytes / row_bytes);
}

// Calls visit(kind, column, value, other) for the columns in which filter `m` or, if there is one, the next has an entry;
// the kind is 0 where both have one, 1 where the first alone has, 2 where the second alone has.
template <class Visit>
void visit_pair(const Weights& weights, int64_t m, bool single, const Visit& visit) {
  int32_t i = weights.row_start[m], j = weights.row_start[m + 1];
  const int32_t end = j, other_end = single ? j : weights.row_start[m + 2];
  while (i < end || j < other_end) {
    const int64_t column = i < end ? weights.column[i] : weights.columns;
    const int64_t other = j < other_end ? weights.column[j] : weights.columns;
    const int kind = column == other ? 0 : column < other ? 1 : 2;
    const float value = kind == 2 ? 0.0f : weights.value[i++];
    const float other_value = kind == 1 ? 0.0f : weights.value[j++];
    visit(kind, std::min(column, other), value, other_value);
  }
}

class Sparse : public ConvMethod {
 public:
  Sparse(const Weights& weights, const Taps& taps, Isa isa)
      : kernel_(select_kernels(kKernels, isa)),
        rows_(rows_in_part(kernel_, weights)) {
    const int64_t filters = weights.filters / taps.groups;
    const int64_t pairs = (filters + 1) / 2;
    const int64_t parts = (weights.columns + rows_ - 1) / rows_;
    const auto visit_all = [&](const auto& visit) {  // with the number of the list that an entry belongs to
      for (int64_t pair = 0; pair < taps.groups * pairs; ++pair) {
        const int64_t group = pair / pairs, filter = pair % pairs * 2;
        visit_pair(weights, group * filters + filter, filter + 1 == filters,
                   [&](int kind, int64_t column, float value, float other) {
                     const int64_t place = tap_major_place(column, taps.channels, taps.taps);
                     const int64_t list = ((group * parts + place / rows_) * pairs + pair % pairs) * 3 + kind;
                     visit(list, SparseEntry{static_cast<int32_t>(place % rows_), {value, other}});
                   });
      }
    };
    // Counts, then starts by adding them up, then every entry to its list.
    starts_.assign(taps.groups * parts * pairs * 3 + 1, 0);
    visit_all([&](int64_t list, const SparseEntry&) { ++starts_[list + 1]; });
    for (size_t i = 1; i < starts_.size(); ++i) starts_[i] += starts_[i - 1];
    entries_.resize(starts_.back());
    for (size_t i = 0; i + 1 < starts_.size(); i += 3) shared_ += starts_[i + 1] - starts_[i];
    single_ = static_cast<int64_t>(entries_.size()) - shared_;
    std::vector<int32_t> next(starts_.begin(), starts_.end() - 1);
    visit_all([&](int64_t list, const SparseEntry& entry) { entries_[next[list]++] = entry; });
  }

  std::string name() const override { return std::string("sparse/") + kernel_.isa; }

  // Measured, but for the latency: an entry waits for the one before it in its list, which too few vectors cannot hide.
  // The longest tile stands for all.
  double cost(const Window& window) const override {
    constexpr double kPartial = 4.7, kLatency = 4;
    const double lanes = kernel_.lanes;
    // A vector takes pieces of so many rows; where an image is one pixel, every lane comes from far away.
    const double pack = window.pixels() == 1 ? 200 : 2 + 2 * lanes / static_cast<double>(window.out_width);
    const double all = std::ceil(static_cast<double>(window.batch * window.pixels()) / lanes);
    const double vectors = std::min<double>(all, kernel_.vectors);
    const double single = std::max(1.2 * (vectors + 1), kLatency) / vectors;
    const double shared = std::max(2 * vectors + 0.5, kLatency) / vectors;
    const double parts = std::ceil(static_cast<double>(window.columns()) / static_cast<double>(rows_));
    const double once = pack * static_cast<double>(window.columns()) +
                        kPartial * parts * static_cast<double>(window.filters) +
                        (single * static_cast<double>(single_) + shared * static_cast<double>(shared_)) /
                            static_cast<double>(window.groups);
    return phases_cost(window) + all * lanes / 16 * static_cast<double>(window.groups) * once;
  }

  size_t scratch_bytes(const Window& window, int threads) const override {
    return phases_bytes(window) + threads * worker_bytes(window);
  }

  void run(const Window& window, const float* input, const Finish& finish, std::byte* scratch,
           ThreadPool& pool) const override {
    const SparseWeights weights = {starts_.data(), entries_.data(), rows_};
    const Tiling tiling(window, kernel_.lanes, kernel_.vectors, 2, pool.threads());
    run_tiles(window, tiling, input, scratch, worker_bytes(window), pool,
              [&](const Tile& tile, const float* source, float* work) {
                kernel_.run(window, tile, finish, source, weights, work);
              });
  }

 private:
  // A panel, the complete sums of two filters with a vector more, as the last ones are read at any lane, and the partial
  // sums of all, an even number of them.
  size_t worker_bytes(const Window& window) const {
    return align_up(((rows_ + 2 + window.filters + 1) * kernel_.vectors + 1) * kernel_.lanes * sizeof(float));
  }

  const SparseKernel& kernel_;
  int64_t rows_;  // of the panel in a part
  std::vector<int32_t> starts_;
  std::vector<SparseEntry> entries_;
  int64_t single_ = 0, shared_ = 0;  // entries of one filter, of two
};

}  // namespace

std::unique_ptr<ConvMethod> make_sparse(const Weights& weights, const Taps& taps, Isa isa) {
  return std::make_unique<Sparse>(weights, taps, isa);
}

}  // namespace plumline
