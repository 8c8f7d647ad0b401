#include "kernels/depthwise/depthwise.h"

#include <algorithm>

#include "kernels/conv/method.h"
#include "kernels/conv/tiles.h"
#include "kernels/select.h"

namespace plumline {
namespace {

#define PLUMLINE_KERNEL(space, isa) {isa, &space::depthwise_kernel},
constexpr Implementation<DepthwiseKernel> kKernels[] = {
#include "kernels/depthwise/kernels.inc"
};
#undef PLUMLINE_KERNEL

// Only what the windows read: the right and lower padding that no window reaches is left out.
PaddedPlane padded_plane(const Window& w, int lanes) {
  const int64_t rows = (w.out_height - 1) * w.stride_height + (w.kernel_height - 1) * w.dilation_height + 1;
  const int64_t columns = (w.out_width - 1) * w.stride_width + (w.kernel_width - 1) * w.dilation_width + 1;
  const int64_t phase_width = (columns + w.stride_width - 1) / w.stride_width + lanes;
  return {phase_width, w.stride_width * phase_width, rows};
}

void fill_plane(const Window& w, const PaddedPlane& padded, const float* channel, float* plane) {
  std::fill(plane, plane + padded.size(), 0.0f);
  const int64_t rows = std::min(w.height, padded.rows - w.pad_top);
  const int64_t columns = std::min(w.width, (padded.phase_width * w.stride_width) - w.pad_left);
  for (int64_t row = 0; row < rows; ++row) {
    const float* from = channel + row * w.width;
    float* to = plane + (row + w.pad_top) * padded.row_stride;
    for (int64_t phase = 0; phase < w.stride_width; ++phase) {
      // The first column c >= 0 of this phase: (c + pad_left) % stride_width == phase.
      const int64_t lead = (phase - w.pad_left % w.stride_width + w.stride_width) % w.stride_width;
      float* at = to + phase * padded.phase_width + (lead + w.pad_left) / w.stride_width;
      for (int64_t c = lead; c < columns; c += w.stride_width) *at++ = from[c];
    }
  }
}

class Depthwise : public ConvMethod {
 public:
  Depthwise(const Weights& weights, Isa isa) : kernel_(select_kernels(kKernels, isa)), weights_(weights.expanded()) {}

  std::string name() const override { return std::string("depthwise/") + kernel_.isa; }

  size_t scratch_bytes(const Window& window, int threads) const override {
    const PaddedPlane padded = padded_plane(window, kernel_.lanes);
    checked_count({padded.rows, padded.row_stride});  // strides and padding can make it far larger than the input
    return taps_bytes(window) + threads * worker_bytes(window);
  }

  void run(const Window& window, const float* input, const Finish& finish, std::byte* scratch,
           ThreadPool& pool) const override {
    const PaddedPlane padded = padded_plane(window, kernel_.lanes);
    int64_t* taps = reinterpret_cast<int64_t*>(scratch);
    for (int64_t i = 0; i < window.kernel_height; ++i) {
      for (int64_t j = 0; j < window.kernel_width; ++j) {
        const int64_t column = j * window.dilation_width;
        taps[i * window.kernel_width + j] = i * window.dilation_height * padded.row_stride +
                                            column % window.stride_width * padded.phase_width +
                                            column / window.stride_width;
      }
    }
    std::byte* workers = scratch + taps_bytes(window);
    pool.parallel_for(window.batch * window.groups, [&](int64_t index, int worker) {
      float* plane = reinterpret_cast<float*>(workers + worker * worker_bytes(window));
      fill_plane(window, padded, input + index * window.height * window.width, plane);
      const int64_t group = index % window.groups;
      for (int64_t m = group * window.filters; m < (group + 1) * window.filters; ++m)
        kernel_.run(window, padded, plane, taps, weights_.data() + m * window.taps(), finish, index / window.groups, m);
    });
  }

 private:
  static size_t taps_bytes(const Window& window) { return align_up(window.taps() * sizeof(int64_t)); }
  size_t worker_bytes(const Window& window) const {
    return align_up(padded_plane(window, kernel_.lanes).size() * sizeof(float));
  }

  const DepthwiseKernel& kernel_;
  std::vector<float> weights_;  // (filters, taps)
};

}  // namespace

std::unique_ptr<ConvMethod> make_depthwise(const Weights& weights, Isa isa) {
  return std::make_unique<Depthwise>(weights, isa);
}

}  // namespace plumline
