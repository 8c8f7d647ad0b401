#include "kernels/merge_conv/programs.h"

#include <algorithm>

#include "kernels/merge/cost.h"

namespace plumline {
namespace {

// Measured, beside what a program takes alone: sums and code that pass through the first-level cache, and cycles for a
// byte of code that comes from behind the second.
constexpr double kInPlace = 1.2;
constexpr double kCodeByte = 0.06;

// Of an axis, the taps that read a position of the input at this place in the stride.
std::vector<int64_t> taps_of(const AxisPlan& axis, int64_t taps, int64_t place) {
  std::vector<int64_t> read;
  for (int64_t tap = 0; tap < taps; ++tap)
    if ((place + axis.shift - tap * axis.dilation) % axis.stride == 0) read.push_back(tap);
  return read;
}

}  // namespace

MergePrograms::MergePrograms(const Taps& taps, const Window& window, const SignPlanes& planes, int64_t group,
                             const MergeCodeOptions& options) {
  const int64_t first = planes.row_start()[static_cast<size_t>(group * window.filters)];
  const int64_t end = planes.row_start()[static_cast<size_t>((group + 1) * window.filters)];
  const SubImageConvPlan plan(window, end - first, {0, 1, 0, true, true, 0, 0});
  for (int64_t row = 0; row < window.stride_height; ++row)
    for (int64_t column = 0; column < window.stride_width; ++column) {
      std::vector<int64_t> read;  // in the order in which targets come
      for (const int64_t i : taps_of(plan.rows, window.kernel_height, row))
        for (const int64_t j : taps_of(plan.columns, window.kernel_width, column))
          read.push_back(i * window.kernel_width + j);
      for (int64_t pass = 0; pass < merge_passes(taps); ++pass) add(taps, planes, first, end, read, pass, options);
    }
}

void MergePrograms::add(const Taps& taps, const SignPlanes& planes, int64_t first_plane, int64_t end_plane,
                        const std::vector<int64_t>& read, int64_t pass, const MergeCodeOptions& options) {
  const int64_t first = pass * kMergeChunk;
  const int64_t channels = std::min(kMergeChunk, taps.channels - first);
  std::vector<int64_t> columns;
  for (const int64_t tap : read)
    for (int64_t c = first; c < first + channels; ++c) columns.push_back(c * taps.taps + tap);
  std::vector<int8_t> signs(columns.size() * static_cast<size_t>(end_plane - first_plane));
  for (int64_t plane = first_plane; plane < end_plane; ++plane)
    planes.signs(plane, columns, signs.data() + static_cast<size_t>(plane - first_plane) * columns.size());
  std::shared_ptr<const MergeCode> code;
  if (!signs.empty())
    code = MergeCode::of({end_plane - first_plane, static_cast<int64_t>(read.size()), channels, signs.data()}, options);
  complete_ = complete_ && (code || signs.empty());
  codes_.push_back(code);
  calls_.push_back(call_of(first, code.get()));
}

size_t MergePrograms::temporaries_bytes() const {
  size_t bytes = 0;
  for (const auto& code : codes_)
    if (code) bytes = std::max(bytes, code->temporaries_bytes());
  return bytes;
}

double MergePrograms::cost(int64_t positions) const {
  double cost = 0;
  for (const auto& code : codes_)
    if (code)
      cost += kInPlace * merge_cost({code->work(), code->code_bytes(), code->options().vector_bytes, positions}) +
              kCodeByte * static_cast<double>(code->code_bytes()) / static_cast<double>(positions);
  return cost;
}

}  // namespace plumline
