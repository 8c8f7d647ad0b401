#include "kernels/sparse/sparse.h"

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

class Sparse : public ConvMethod {
 public:
  Sparse(const Weights& weights, const Taps& taps, Isa isa) : kernel_(select_kernels(kKernels, isa)) {
    const int64_t filters = weights.filters / taps.groups;
    const int64_t parts = (weights.columns + kernel_.rows - 1) / kernel_.rows;
    // Counts, then starts by adding them up, then every entry to its list, in the order of the rows.
    starts_.assign(taps.groups * parts * filters + 1, 0);
    const auto list_of = [&](int64_t m, int64_t place) {
      return (m / filters * parts + place / kernel_.rows) * filters + m % filters;
    };
    const auto place_of = [&](int32_t i) { return tap_major_place(weights.column[i], taps.channels, taps.taps); };
    for (int64_t m = 0; m < weights.filters; ++m) {
      for (int32_t i = weights.row_start[m]; i < weights.row_start[m + 1]; ++i) ++starts_[list_of(m, place_of(i)) + 1];
    }
    for (size_t i = 1; i < starts_.size(); ++i) starts_[i] += starts_[i - 1];
    entries_.resize(weights.row_start.back());
    std::vector<int32_t> next(starts_.begin(), starts_.end() - 1);
    for (int64_t m = 0; m < weights.filters; ++m) {
      for (int32_t i = weights.row_start[m]; i < weights.row_start[m + 1]; ++i) {
        const int64_t place = place_of(i);
        entries_[next[list_of(m, place)]++] = {static_cast<int32_t>(place % kernel_.rows), weights.value[i]};
      }
    }
  }

  std::string name() const override { return std::string("sparse/") + kernel_.isa; }

  size_t scratch_bytes(const Window& window, int threads) const override {
    return phases_bytes(window) + threads * worker_bytes(window);
  }

  void run(const Window& window, const float* input, const Finish& finish, std::byte* scratch,
           ThreadPool& pool) const override {
    const SparseWeights weights = {starts_.data(), entries_.data()};
    const Tiling tiling(window, kernel_.lanes, kernel_.vectors, 1, pool.threads());
    run_tiles(window, tiling, input, scratch, worker_bytes(window), pool,
              [&](const Tile& tile, const float* source, float* work) {
                kernel_.run(window, tile, finish, source, weights, work);
              });
  }

 private:
  // A panel, the sums, and one vector more, as the last sums are read at any lane.
  size_t worker_bytes(const Window& window) const {
    return align_up(((kernel_.rows + window.filters) * kernel_.vectors + 1) * kernel_.lanes * sizeof(float));
  }

  const SparseKernel& kernel_;
  std::vector<int32_t> starts_;
  std::vector<SparseEntry> entries_;
};

}  // namespace

std::unique_ptr<ConvMethod> make_sparse(const Weights& weights, const Taps& taps, Isa isa) {
  return std::make_unique<Sparse>(weights, taps, isa);
}

}  // namespace plumline
