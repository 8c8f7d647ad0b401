// The rows that a band of a channel's output reads, with zeros around them and their columns sorted by phase (plan.h).

#pragma once

#include "kernels/conv/deinterleave.h"
#include "kernels/conv/lanes.h"
#include "kernels/depthwise/plan.h"

namespace plumline {
namespace PLUMLINE_ISA_NAMESPACE {
namespace {

inline void clear(int64_t count, float* to) {
  for (int64_t i = 0; i < count; i += F32::kLanes) F32::set(0).store(to + i);
}

// What all rows have in common, worked out once.
class RowCopier {
 public:
  // What is copied ends before `end`, as does all that may be read.
  RowCopier(const DepthwisePlan& plan, const float* end)
      : end_(end),
        width_(plan.window.width),
        stride_(plan.window.stride_width),
        phase_width_(plan.phase_width),
        whole_(width_ / F32::kLanes),
        rest_(Lanes::between(0, width_ % F32::kLanes)) {}

  void copy(const float* row, float* to) const {
    if (stride_ == 1) return copy_all(row, to);
    if (stride_ == 2) return sort_pairs(row, to);
    for (int64_t phase = 0; phase < stride_; ++phase)
      for (int64_t i = 0; i < phase_width_; ++i) {
        const int64_t column = phase + i * stride_;
        *to++ = column < width_ ? row[column] : 0.0f;
      }
  }

 private:
  void copy_all(const float* row, float* to) const {
    int64_t i = 0;
    for (; i < whole_ * F32::kLanes; i += F32::kLanes) F32::load(row + i).store(to + i);
    for (; i < phase_width_; i += F32::kLanes) vector(row, i).store(to + i);
  }

  void sort_pairs(const float* row, float* to) const {
    for (int64_t i = 0; i < phase_width_; i += F32::kLanes) {
      const F32 a = vector(row, 2 * i), b = vector(row, 2 * i + F32::kLanes);
      even_lanes(a, b).store(to + i);
      odd_lanes(a, b).store(to + phase_width_ + i);
    }
  }

  // Columns from i on, of which kLanes divides i, and zeros beyond the last.
  F32 vector(const float* row, int64_t i) const {
    if (i + F32::kLanes <= width_) return F32::load(row + i);
    if (i >= width_) return F32::set(0);
    return end_ - (row + i) >= F32::kLanes ? keep_lanes(row + i, rest_) : load_lanes(row + i, rest_);
  }

  const float* end_;
  int64_t width_, stride_, phase_width_, whole_;
  Lanes rest_;
};

void copy_band(const DepthwisePlan& plan, const RowCopier& copier, int64_t first_row, int64_t rows, const float* channel,
               float* to) {
  const int64_t height = plan.window.height, width = plan.window.width, pitch = plan.pitch;
  const int64_t top = first_row * plan.window.stride_height - plan.window.pad_top;
  const int64_t end = top + plan.copied_rows(rows);
  for (int64_t row = top; row < end; ++row, to += pitch) {
    if (row < 0 || row >= height)
      clear(pitch, to);
    else
      copier.copy(channel + row * width, to);
  }
}

}  // namespace
}  // namespace PLUMLINE_ISA_NAMESPACE
}  // namespace plumline
