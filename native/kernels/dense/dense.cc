#include "kernels/dense/dense.h"

#include <algorithm>
#include <limits>

#include "kernels/dense/dense_weights.h"
#include "kernels/conv/tiles.h"
#include "kernels/select.h"

namespace plumline {
namespace {

#define PLUMLINE_KERNEL(space, isa) {isa, &space::dense_kernel},
constexpr Implementation<DenseKernel> kKernels[] = {
#include "kernels/dense/kernels.inc"
};
#undef PLUMLINE_KERNEL

// Pixels gathered into panels.
class Dense : public ConvMethod {
 public:
  Dense(std::shared_ptr<const DenseWeights> weights, const DenseKernel& kernel)
      : kernel_(kernel), weights_(std::move(weights)) {}

  std::string name() const override { return std::string("dense/") + kernel_.isa; }

  double cost(const Window& window) const override {
    constexpr double kPackCost = 6;  // of a vector of 16 pixels
    constexpr double kFinishCost = 4;  // of a vector of 16 sums
    const double columns = static_cast<double>(window.columns()), filters = static_cast<double>(window.filters);
    return phases_cost(window) + vectors_of(window) * (columns * (filters + kPackCost) + filters * kFinishCost);
  }

  size_t scratch_bytes(const Window& window, int threads) const override {
    return phases_bytes(window) + threads * panels_bytes(window);
  }

  void run(const Window& window, const float* input, const Finish& finish, std::byte* scratch,
           ThreadPool& pool) const override {
    const Tiling tiling(window, kernel_.lanes, kernel_.vectors, kernel_.filters, pool.threads());
    run_tiles(window, tiling, input, scratch, panels_bytes(window), pool,
              [&](const Tile& tile, const float* source, float* work) {
                kernel_.run_panels(window, tile, finish, source, weights_->group(tile.group), work);
              });
  }

 private:
  // A panel, the sums, and one vector more, as the last sums are read at any lane.
  size_t panels_bytes(const Window& window) const {
    const int64_t rows = std::max(kernel_.rows, window.taps());
    return align_up(((rows + window.filters) * kernel_.vectors + 1) * kernel_.lanes * sizeof(float));
  }

  const DenseKernel& kernel_;
  std::shared_ptr<const DenseWeights> weights_;
};

// Pixels read where they are.
class Direct : public ConvMethod {
 public:
  Direct(std::shared_ptr<const DenseWeights> weights, const DenseKernel& kernel)
      : kernel_(kernel), weights_(std::move(weights)) {}

  std::string name() const override { return std::string("direct/") + kernel_.isa; }

  double cost(const Window& window) const override {
    const DirectPlan plan = plan_of(window, 1);
    return plan.feasible() ? plan.cost() : std::numeric_limits<double>::infinity();
  }

  size_t scratch_bytes(const Window& window, int threads) const override {
    const DirectPlan plan = plan_of(window, threads);
    return plan.offsets_bytes() + threads * plan.worker_bytes();
  }

  void run(const Window& window, const float* input, const Finish& finish, std::byte* scratch,
           ThreadPool& pool) const override {
    const DirectPlan plan = plan_of(window, pool.threads());
    int64_t* offsets = reinterpret_cast<int64_t*>(scratch);
    plan.fill_offsets(offsets);
    std::byte* workers = scratch + plan.offsets_bytes();
    pool.parallel_for(plan.size(), [&](int64_t index, int worker) {
      const Rectangle tile = plan[index];
      kernel_.run_direct(plan, tile, finish, input, weights_->group(tile.group), offsets,
                         plan.scratch(workers + worker * plan.worker_bytes()));
    });
  }

 private:
  DirectPlan plan_of(const Window& window, int threads) const {
    return DirectPlan(window, kernel_.lanes, kernel_.wide, kernel_.narrow, threads);
  }

  const DenseKernel& kernel_;
  std::shared_ptr<const DenseWeights> weights_;
};

}  // namespace

void add_dense(const Weights& weights, const Taps& taps, Isa isa, ConvMethods& methods) {
  const DenseKernel& kernel = select_kernels(kKernels, isa);
  const auto packed = std::make_shared<const DenseWeights>(weights, taps, kernel.lanes);
  methods.push_back(std::make_unique<Direct>(packed, kernel));
  methods.push_back(std::make_unique<Dense>(packed, kernel));
  if (taps.taps == 9 && taps.kernel_width == 3) methods.push_back(make_winograd(packed, taps, isa));
}

}  // namespace plumline
