#include "kernels/depthwise/depthwise.h"

#include <algorithm>

#include "kernels/activation/activation_reference.h"
#include "kernels/conv/method.h"
#include "kernels/select.h"

namespace plumline {
namespace {

#define PLUMLINE_KERNEL(space, isa) {isa, &space::depthwise_kernel},
constexpr Implementation<DepthwiseKernel> kKernels[] = {
#include "kernels/depthwise/kernels.inc"
};
#undef PLUMLINE_KERNEL

// The sum of one window, number by number.
float sum_in_place(const Window& w, const float* channel, const float* weights, int64_t row, int64_t column) {
  float sum = 0;
  for (int64_t i = 0; i < w.kernel_height; ++i) {
    const int64_t y = row * w.stride_height + i * w.dilation_height - w.pad_top;
    if (y < 0 || y >= w.height) continue;
    for (int64_t j = 0; j < w.kernel_width; ++j) {
      const int64_t x = column * w.stride_width + j * w.dilation_width - w.pad_left;
      if (x >= 0 && x < w.width) sum += weights[i * w.kernel_width + j] * channel[y * w.width + x];
    }
  }
  return sum;
}

// For windows that no copy can hold: slow, but such padding is not met in networks.
void run_in_place(const Window& w, const float* input, const float* weights, const Finish& finish, ThreadPool& pool) {
  const int64_t filters = w.groups * w.filters;
  pool.parallel_for(w.batch * filters, [&](int64_t index, int) {
    const int64_t image = index / filters, filter = index % filters;
    const float* channel = input + (image * w.groups + filter / w.filters) * w.height * w.width;
    for (int64_t pixel = 0; pixel < w.pixels(); ++pixel) {
      const int64_t at = index * w.pixels() + pixel;
      float sum = sum_in_place(w, channel, weights + filter * w.taps(), pixel / w.out_width, pixel % w.out_width);
      sum += finish.bias[filter] + (finish.residual ? finish.residual[at] : 0.0f);
      const float slope = finish.activation.slope ? finish.activation.slope[filter] : 0.0f;
      finish.output[at] = activate_reference(finish.activation, sum, slope);
    }
  });
}

class Depthwise : public ConvMethod {
 public:
  Depthwise(const Weights& weights, Isa isa)
      : kernel_(select_kernels(kKernels, isa)),
        narrow_(select_kernels(kKernels, std::min(isa, Isa::kAvx2))),
        weights_(weights.expanded()) {}

  std::string name() const override { return std::string("depthwise/") + kernel_.isa; }

  size_t scratch_bytes(const Window& window, int threads) const override {
    const DepthwisePlan plan(window, kernel_of(window).lanes, threads);
    return plan.offsets_bytes() + threads * plan.copy_bytes();
  }

  void run(const Window& window, const float* input, const Finish& finish, std::byte* scratch,
           ThreadPool& pool) const override {
    const DepthwiseKernel& kernel = kernel_of(window);
    const DepthwisePlan plan(window, kernel.lanes, pool.threads());
    if (!plan.feasible()) return run_in_place(window, input, weights_.data(), finish, pool);
    int64_t* offsets = reinterpret_cast<int64_t*>(scratch);
    plan.fill_offsets(offsets);
    std::byte* copies = scratch + plan.offsets_bytes();
    const int64_t jobs = plan.jobs() / window.batch;  // of an image
    pool.parallel_for(plan.jobs(), [&](int64_t index, int worker) {
      const int64_t channel = index % jobs * plan.channels;
      const DepthwiseJob job = {index / jobs, channel, std::min(plan.channels, window.groups - channel)};
      kernel.run(plan, job, input, weights_.data(), finish, offsets,
                 reinterpret_cast<float*>(copies + worker * plan.copy_bytes()));
    });
  }

 private:
  // Half a long vector has room for short rows.
  const DepthwiseKernel& kernel_of(const Window& window) const {
    return window.out_width <= narrow_.lanes ? narrow_ : kernel_;
  }

  const DepthwiseKernel& kernel_;
  const DepthwiseKernel& narrow_;
  std::vector<float> weights_;  // (filters, taps)
};

}  // namespace

std::unique_ptr<ConvMethod> make_depthwise(const Weights& weights, Isa isa) {
  return std::make_unique<Depthwise>(weights, isa);
}

}  // namespace plumline
