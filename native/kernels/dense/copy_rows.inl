// Copies the rows that a tile of a direct convolution reads, with zeros where they hang over the image.

#include "kernels/conv/deinterleave.h"
#include "kernels/conv/lanes.h"
#include "kernels/dense/direct_plan.h"

namespace plumline {
namespace PLUMLINE_ISA_NAMESPACE {
namespace {

// to[i] = column first + i * stride of the row, i < count; may write up to a vector beyond.
inline void copy_columns(const float* row, int64_t width, int64_t first, int64_t stride, int64_t count, float* to) {
  if (stride == 1) {
    for (int64_t i = 0; i < count; i += F32::kLanes) load_columns(row, first + i, width).store(to + i);
  } else {
    for (int64_t i = 0; i < count; ++i) {
      const int64_t at = first + i * stride;
      to[i] = at >= 0 && at < width ? row[at] : 0.0f;
    }
  }
}

// With a stride of 2: every second column from `first` on, and, where `odd` is not null, those between them. `odd` follows
// what is needed of `even`, so the last vector comes first: it may run over into the first odd one.
inline void sort_columns(const float* row, int64_t width, int64_t first, int64_t count, float* even, float* odd) {
  for (int64_t i = (count - 1) / F32::kLanes * F32::kLanes; i >= 0; i -= F32::kLanes) {
    const int64_t at = first + 2 * i;
    const F32 a = load_columns(row, at, width), b = load_columns(row, at + F32::kLanes, width);
    even_lanes(a, b).store(even + i);
    if (odd) odd_lanes(a, b).store(odd + i);
  }
}

// Addresses only rise, so what a store writes beyond its row is written again by the next.
inline void copy_rows(const DirectPlan& plan, const Rectangle& tile, const float* image, float* copy) {
  const Window& w = plan.window;
  const int64_t rows = plan.copied_rows(tile.rows);
  const int64_t step = w.kernel_height == 1 ? w.stride_height : 1;
  const int64_t first_row = plan.input_row(tile.row);
  const int64_t first_column = tile.column * w.stride_width - w.pad_left;
  for (int64_t channel = 0; channel < w.channels; ++channel) {
    float* to = copy + channel * plan.channel_stride;
    for (int64_t r = 0; r < rows; ++r, to += plan.pitch) {
      const int64_t row = first_row + r * step;
      if (row < 0 || row >= w.height) {
        for (int64_t i = 0; i < plan.pitch; i += F32::kLanes) F32::set(0).store(to + i);
        continue;
      }
      const float* from = image + (channel * w.height + row) * w.width;
      if (w.stride_width == 2) {
        sort_columns(from, w.width, first_column, plan.phase_width, to, plan.phases == 2 ? to + plan.phase_width : nullptr);
        continue;
      }
      for (int64_t phase = 0; phase < plan.phases; ++phase)
        copy_columns(from, w.width, first_column + phase, w.stride_width, plan.phase_width,
                     to + phase * plan.phase_width);
    }
  }
}

}  // namespace
}  // namespace PLUMLINE_ISA_NAMESPACE
}  // namespace plumline
