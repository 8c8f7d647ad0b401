#include "kernels/depthwise/depthwise.h"

#include "kernels/conv/method.h"
#include "kernels/select.h"

namespace plumline {
namespace {

#define PLUMLINE_KERNEL(space, isa) {isa, &space::depthwise_kernel},
constexpr Implementation<DepthwiseKernel> kKernels[] = {
#include "kernels/depthwise/kernels.inc"
};
#undef PLUMLINE_KERNEL

class Depthwise : public ConvMethod {
 public:
  Depthwise(const Weights& weights, Isa isa) : kernel_(select_kernels(kKernels, isa)), weights_(weights.expanded()) {}

  std::string name() const override { return std::string("depthwise/") + kernel_.isa; }

  size_t scratch_bytes(const Window&, int) const override { return 0; }

  void run(const Window& window, const float* input, const Finish& finish, std::byte*,
           ThreadPool& pool) const override {
    pool.parallel_for(window.batch * window.groups, [&](int64_t index, int) {
      const float* channel = input + index * window.height * window.width;
      const int64_t group = index % window.groups;
      for (int64_t m = group * window.filters; m < (group + 1) * window.filters; ++m)
        kernel_.run(window, channel, weights_.data() + m * window.taps(), finish, index / window.groups, m);
    });
  }

 private:
  const DepthwiseKernel& kernel_;
  std::vector<float> weights_;  // (filters, taps)
};

}  // namespace

std::unique_ptr<ConvMethod> make_depthwise(const Weights& weights, Isa isa) {
  return std::make_unique<Depthwise>(weights, isa);
}

}  // namespace plumline
