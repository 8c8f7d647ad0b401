#include "kernels/depthwise/plan.h"

#include <algorithm>

#include "core/aligned.h"

namespace plumline {
namespace {

constexpr int64_t kCopyFloats = 1 << 12;  // half of the first cache
constexpr int64_t kJobsPerThread = 4;     // enough that the last ones to finish are not far apart

int64_t divide_up(int64_t a, int64_t b) { return (a + b - 1) / b; }
int64_t divide_down(int64_t a, int64_t b) { return a >= 0 ? a / b : -divide_up(-a, b); }

}  // namespace

DepthwisePlan::DepthwisePlan(const Window& shapes, int vector_lanes, int threads)
    : window(shapes), lanes(vector_lanes) {
  const Window& w = window;
  const int64_t before = std::max<int64_t>(0, -divide_down(-w.pad_left, w.stride_width));
  const int64_t last = divide_down((w.kernel_width - 1) * w.dilation_width - w.pad_left, w.stride_width);
  front = divide_up(before, lanes) * lanes;
  phase_width = std::max(divide_up(w.width, w.stride_width) + before, w.out_width + last);
  phase_width = divide_up(phase_width, lanes) * lanes;
  pitch = w.stride_width * phase_width;

  rows = (kCopyFloats / pitch - copied_rows(1)) / w.stride_height + 1;
  rows = std::clamp<int64_t>(rows, 1, w.out_height);
  rows = divide_up(w.out_height, divide_up(w.out_height, rows));
  copy_floats = static_cast<double>(copied_rows(rows)) * static_cast<double>(pitch);
  channels = 1;
  if (rows < w.out_height || !feasible()) return;
  channels = std::clamp<int64_t>(kCopyFloats / channel_stride(), 1, w.groups);
  if (threads > 1) channels = std::min(channels, divide_up(w.batch * w.groups, kJobsPerThread * threads));
}

size_t DepthwisePlan::offsets_bytes() const { return align_up(window.kernel_width * sizeof(int64_t)); }

// The last vector that is read may run over.
size_t DepthwisePlan::copy_bytes() const {
  return feasible() ? align_up((front + channels * channel_stride() + lanes) * sizeof(float)) : 0;
}

void DepthwisePlan::fill_offsets(int64_t* offsets) const {
  const Window& w = window;
  for (int64_t j = 0; j < w.kernel_width; ++j) {
    const int64_t column = j * w.dilation_width - w.pad_left;
    const int64_t step = divide_down(column, w.stride_width);
    offsets[j] = (column - step * w.stride_width) * phase_width + step;
  }
}

}  // namespace plumline
