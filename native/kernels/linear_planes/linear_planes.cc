#include "kernels/linear_planes/linear_planes.h"

#include <algorithm>

#include "kernels/conv/method.h"
#include "kernels/conv/tiles.h"
#include "kernels/select.h"

namespace plumline {
namespace {

#define PLUMLINE_KERNEL(space, isa) {isa, &space::linear_planes_kernel},
constexpr Implementation<LinearPlanesKernel> kKernels[] = {
#include "kernels/linear_planes/kernels.inc"
};
#undef PLUMLINE_KERNEL

constexpr int64_t kMinFiltersPerJob = 256;  // below, building the tables once more costs more than it gives

class LinearPlanesMethod : public ConvMethod {
 public:
  LinearPlanesMethod(const Weights& weights, Isa isa)
      : kernel_(select_kernels(kKernels, isa)),
        row_start_(weights.row_start),
        coefficient_(weights.coefficient, weights.coefficient + weights.planes()),
        total_coefficient_(weights.total_coefficient) {
    const int64_t words = words_of(weights.columns);
    const int64_t lanes = kernel_.lanes;
    words_.assign((weights.planes() + lanes - 1) / lanes * lanes * words, 0);
    for (int64_t plane = 0; plane < weights.planes(); ++plane) {
      uint32_t* to = words_.data() + plane / lanes * lanes * words + plane % lanes;
      for (int64_t k = 0; k < weights.columns; ++k)
        to[k / kWordColumns * lanes] |= uint32_t{weights.bit(plane, k)} << k % kWordColumns;
    }
  }

  std::string name() const override { return std::string("tables/") + kernel_.isa; }

  size_t scratch_bytes(const Window& window, int threads) const override { return threads * worker_bytes(window); }

  void run(const Window& window, const float* input, const Finish& finish, std::byte* scratch,
           ThreadPool& pool) const override {
    const LinearPlanes weights = {words_.data(), row_start_.data(), coefficient_.data(),
                                  total_coefficient_.empty() ? nullptr : total_coefficient_.data()};
    const int64_t wanted = (pool.threads() + window.batch - 1) / window.batch;
    const int64_t splits = std::clamp<int64_t>(window.filters / kMinFiltersPerJob, 1, wanted);
    pool.parallel_for(window.batch * splits, [&](int64_t index, int worker) {
      const int64_t split = index % splits;
      kernel_.run(window, weights, finish, input, index / splits, window.filters * split / splits,
                  window.filters * (split + 1) / splits,
                  reinterpret_cast<float*>(scratch + worker * worker_bytes(window)));
    });
  }

 private:
  static int64_t words_of(int64_t columns) { return (columns + kWordColumns - 1) / kWordColumns; }
  size_t worker_bytes(const Window& window) const {
    const int64_t tables = words_of(window.channels) * 4 * kWordColumns;
    return align_up((tables + row_start_.back() + window.filters + 3 * kernel_.lanes) * sizeof(float));
  }

  const LinearPlanesKernel& kernel_;
  std::vector<int32_t> row_start_;
  std::vector<float> coefficient_;
  std::vector<float> total_coefficient_;
  std::vector<uint32_t> words_;
};

}  // namespace

std::unique_ptr<ConvMethod> make_linear_planes(const Weights& weights, Isa isa) {
  return std::make_unique<LinearPlanesMethod>(weights, isa);
}

}  // namespace plumline
