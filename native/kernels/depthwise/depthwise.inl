#include "kernels/activation/activation_simd.h"
#include "kernels/depthwise/depthwise.h"

namespace plumline {
namespace PLUMLINE_ISA_NAMESPACE {
namespace {

constexpr int kVectors = 4;  // at a time: independent sums hide the latency of the additions

// A vector of pixels of an output row.
struct Stretch {
  const float* from;  // in the plane, under tap 0
  int64_t out;        // in the output
  int64_t count;
};

template <int vectors>
void add_taps(const Stretch* stretches, int64_t count, const int64_t* taps, const float* weights, F32 bias, F32 slope,
              const Finish& finish) {
  F32 sum[vectors];
  for (int v = 0; v < vectors; ++v) sum[v] = bias;
  for (int64_t tap = 0; tap < count; ++tap) {
    const F32 weight = F32::set(weights[tap]);
    for (int v = 0; v < vectors; ++v) sum[v] = fma(weight, F32::load(stretches[v].from + taps[tap]), sum[v]);
  }
  for (int v = 0; v < vectors; ++v) {
    const Stretch& at = stretches[v];
    if (finish.residual) sum[v] = sum[v] + load_first(finish.residual + at.out, at.count);
    store_first(activate(finish.activation, sum[v], slope), finish.output + at.out, at.count);
  }
}

void run(const Window& window, const PaddedPlane& padded, const float* plane, const int64_t* taps, const float* weights,
         const Finish& finish, int64_t image, int64_t filter) {
  const F32 bias = F32::set(finish.bias[filter]);
  const F32 slope = F32::set(finish.activation.slope ? finish.activation.slope[filter] : 0.0f);
  const int64_t first = (image * window.groups * window.filters + filter) * window.pixels();
  Stretch stretches[kVectors];
  int used = 0;
  for (int64_t row = 0; row < window.out_height; ++row) {
    for (int64_t column = 0; column < window.out_width; column += F32::kLanes) {
      const int64_t rest = window.out_width - column;
      stretches[used++] = {plane + row * window.stride_height * padded.row_stride + column,
                           first + row * window.out_width + column, rest < F32::kLanes ? rest : F32::kLanes};
      if (used < kVectors) continue;
      add_taps<kVectors>(stretches, window.taps(), taps, weights, bias, slope, finish);
      used = 0;
    }
  }
  for (int i = 0; i < used; ++i) add_taps<1>(stretches + i, window.taps(), taps, weights, bias, slope, finish);
}

}  // namespace

extern const DepthwiseKernel depthwise_kernel;
const DepthwiseKernel depthwise_kernel = {PLUMLINE_ISA_NAME, F32::kLanes, run};

}  // namespace PLUMLINE_ISA_NAMESPACE
}  // namespace plumline
