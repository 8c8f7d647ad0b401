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

// Copies rows that lie in the image, a vector of all of them at a time: what it takes to read it is found out once.
class RowCopier {
 public:
  // All that may be read ends before `end`.
  RowCopier(const DepthwisePlan& plan, const float* end)
      : end_(end),
        width_(plan.window.width),
        stride_(plan.window.stride_width),
        phase_width_(plan.phase_width),
        pitch_(plan.pitch) {}

  // Long rows one by one: all rows of a vector's width would lie in as many pages.
  void copy(const float* from, int64_t rows, float* to) const {
    const int64_t step = phase_width_ <= 2 * F32::kLanes ? rows : 1;
    for (int64_t r = 0; r < rows; r += step) copy_rows(from + r * width_, step, to + r * pitch_);
  }

 private:
  void copy_rows(const float* from, int64_t rows, float* to) const {
    if (stride_ == 1) return copy_all(from, rows, to);
    if (stride_ == 2) return sort_pairs(from, rows, to);
    for (int64_t r = 0; r < rows; ++r, from += width_)
      for (int64_t phase = 0; phase < stride_; ++phase)
        for (int64_t i = 0; i < phase_width_; ++i, ++to) {
          const int64_t column = phase + i * stride_;
          *to = column < width_ ? from[column] : 0.0f;
        }
  }

  void copy_all(const float* from, int64_t rows, float* to) const {
    for (int64_t i = 0; i < phase_width_; i += F32::kLanes)
      with_loader(from, rows, i, F32::kLanes, [&](const auto& load) {
        for (int64_t r = 0; r < rows; ++r) load(from + r * width_, 0).store(to + r * pitch_ + i);
      });
  }

  void sort_pairs(const float* from, int64_t rows, float* to) const {
    for (int64_t i = 0; i < phase_width_; i += F32::kLanes)
      with_loader(from, rows, 2 * i, 2 * F32::kLanes, [&](const auto& load) {
        for (int64_t r = 0; r < rows; ++r) {
          const F32 a = load(from + r * width_, 0), b = load(from + r * width_, 1);
          even_lanes(a, b).store(to + r * pitch_ + i);
          odd_lanes(a, b).store(to + r * pitch_ + phase_width_ + i);
        }
      });
  }

  // Calls use(load), where load(row, k) gives the k-th vector of `count` columns from `column` on, zero beyond the row.
  template <class Use>
  void with_loader(const float* from, int64_t rows, int64_t column, int64_t count, const Use& use) const {
    if (column + count <= width_)
      return use([=](const float* row, int64_t k) { return F32::load(row + column + k * F32::kLanes); });
    const Lanes lanes[] = {inside(column, width_), inside(column + F32::kLanes, width_)};
    if (end_ - from >= (rows - 1) * width_ + column + count)
      return use([&](const float* row, int64_t k) { return keep_lanes(row + column + k * F32::kLanes, lanes[k]); });
    use([&](const float* row, int64_t k) { return load_lanes(shifted(row, column + k * F32::kLanes), lanes[k]); });
  }

  const float* end_;
  int64_t width_, stride_, phase_width_, pitch_;
};

// `cleared`: `to` has zeros already.
inline void copy_band(const DepthwisePlan& plan, const RowCopier& copier, int64_t first_row, int64_t rows, bool cleared,
                      const float* channel, float* to) {
  const int64_t height = plan.window.height;
  const int64_t top = first_row * plan.window.stride_height - plan.window.pad_top;
  const int64_t count = plan.copied_rows(rows);
  const auto within = [&](int64_t row) { return row < 0 ? 0 : row < count ? row : count; };
  const int64_t begin = within(-top), end = within(height - top);  // of what lies in the image
  const int64_t below = end > begin ? end : begin;
  if (!cleared) {
    clear(begin * plan.pitch, to);
    clear((count - below) * plan.pitch, to + below * plan.pitch);
  }
  if (begin < end) copier.copy(channel + (top + begin) * plan.window.width, end - begin, to + begin * plan.pitch);
}

}  // namespace
}  // namespace PLUMLINE_ISA_NAMESPACE
}  // namespace plumline
