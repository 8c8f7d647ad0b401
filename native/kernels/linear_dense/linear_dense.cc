#include "kernels/linear_dense/linear_dense.h"

#include <algorithm>

#include "kernels/conv/method.h"
#include "kernels/select.h"

namespace plumline {
namespace {

#define PLUMLINE_KERNEL(space, isa) {isa, &space::linear_dense_kernel},
constexpr Implementation<LinearDenseKernel> kKernels[] = {
#include "kernels/linear_dense/kernels.inc"
};
#undef PLUMLINE_KERNEL

constexpr int64_t kRowBlocksPerJob = 8;

class LinearDense : public ConvMethod {
 public:
  LinearDense(const Weights& weights, Isa isa) : kernel_(select_kernels(kKernels, isa)) {
    const std::vector<float> matrix = weights.expanded();
    const int64_t padded = (weights.filters + kernel_.lanes - 1) / kernel_.lanes * kernel_.lanes;
    panels_.assign(padded * weights.columns, 0.0f);
    for (int64_t first = 0; first < weights.filters; first += panel_filters()) {
      const int64_t width = std::min(panel_filters(), padded - first);
      float* panel = panels_.data() + first * weights.columns;
      for (int64_t m = first; m < std::min(first + width, weights.filters); ++m) {
        for (int64_t k = 0; k < weights.columns; ++k)
          panel[k * width + m - first] = matrix[m * weights.columns + k];
      }
    }
  }

  std::string name() const override { return std::string("dense/") + kernel_.isa; }

  // A few rows wait for the weights to arrive from memory.
  double cost(const Window& window) const override {
    return std::max(4.0, static_cast<double>(window.batch)) / 16 * static_cast<double>(window.columns() * window.filters);
  }

  size_t scratch_bytes(const Window&, int) const override { return 0; }

  void run(const Window& window, const float* input, const Finish& finish, std::byte*,
           ThreadPool& pool) const override {
    const int64_t panels = (window.filters + panel_filters() - 1) / panel_filters();
    const int64_t rows = kernel_.rows * kRowBlocksPerJob;
    const int64_t blocks = (window.batch + rows - 1) / rows;
    pool.parallel_for(panels * blocks, [&](int64_t index, int) {
      const int64_t filter = index / blocks * panel_filters();
      const int64_t row = index % blocks * rows;
      kernel_.run(window, finish, input, panels_.data() + filter * window.channels, filter, row,
                  std::min(row + rows, window.batch));
    });
  }

 private:
  int64_t panel_filters() const { return int64_t{kernel_.lanes} * kernel_.vectors; }

  const LinearDenseKernel& kernel_;
  std::vector<float> panels_;
};

}  // namespace

std::unique_ptr<ConvMethod> make_linear_dense(const Weights& weights, Isa isa) {
  return std::make_unique<LinearDense>(weights, isa);
}

}  // namespace plumline
