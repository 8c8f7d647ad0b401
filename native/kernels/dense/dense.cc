#include "kernels/dense/dense.h"

#include <algorithm>

#include "kernels/conv/method.h"
#include "kernels/conv/tiles.h"
#include "kernels/select.h"

namespace plumline {
namespace {

#define PLUMLINE_KERNEL(space, isa) {isa, &space::dense_kernel},
constexpr Implementation<DenseKernel> kKernels[] = {
#include "kernels/dense/kernels.inc"
};
#undef PLUMLINE_KERNEL

class Dense : public ConvMethod {
 public:
  Dense(const Weights& weights, const Taps& taps, Isa isa) : kernel_(select_kernels(kKernels, isa)) {
    const std::vector<float> matrix = weights.expanded();
    const int64_t columns = weights.columns;
    const int64_t filters = weights.filters / taps.groups;
    weights_.resize(matrix.size());
    float* to = weights_.data();
    // By group, by rows of the panel, by block of filters, by row, by filter.
    for (int64_t group = 0; group < taps.groups; ++group) {
      for (int64_t first = 0; first < columns; first += kernel_.rows) {
        const int64_t end = std::min(first + kernel_.rows, columns);
        int64_t block = kernel_.filters;
        for (int64_t filter = 0; filter < filters; filter += block) {
          while (block > filters - filter) block /= 2;
          for (int64_t place = first; place < end; ++place) {
            const int64_t k = onnx_column(place, taps.channels, taps.taps);
            for (int64_t f = 0; f < block; ++f) *to++ = matrix[(group * filters + filter + f) * columns + k];
          }
        }
      }
    }
  }

  std::string name() const override { return std::string("dense/") + kernel_.isa; }

  double cost(const Window& window) const override {
    return phases_cost(window) + vectors_of(window) * static_cast<double>(window.columns() * window.filters);
  }

  size_t scratch_bytes(const Window& window, int threads) const override {
    return phases_bytes(window) + threads * worker_bytes(window);
  }

  void run(const Window& window, const float* input, const Finish& finish, std::byte* scratch,
           ThreadPool& pool) const override {
    const Tiling tiling(window, kernel_.lanes, kernel_.vectors, kernel_.filters, pool.threads());
    run_tiles(window, tiling, input, scratch, worker_bytes(window), pool,
              [&](const Tile& tile, const float* source, float* work) {
                kernel_.run(window, tile, finish, source, weights_.data(), work);
              });
  }

 private:
  // A panel, the sums, and one vector more, as the last sums are read at any lane.
  size_t worker_bytes(const Window& window) const {
    return align_up(((kernel_.rows + window.filters) * kernel_.vectors + 1) * kernel_.lanes * sizeof(float));
  }

  const DenseKernel& kernel_;
  std::vector<float> weights_;
};

}  // namespace

std::unique_ptr<ConvMethod> make_dense(const Weights& weights, const Taps& taps, Isa isa) {
  return std::make_unique<Dense>(weights, taps, isa);
}

}  // namespace plumline
