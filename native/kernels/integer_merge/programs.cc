#include "kernels/integer_merge/programs.h"

#include <algorithm>

namespace plumline {
namespace {

// Of an axis, the taps that read a position of the input at this place in the stride.
std::vector<int64_t> taps_at(const CodeAxis& axis, int64_t taps, int64_t phase) {
  std::vector<int64_t> read;
  for (int64_t tap = 0; tap < taps; ++tap)
    if (axis.phase(tap) == phase) read.push_back(tap);
  return read;
}

}  // namespace

IntegerMergePrograms::IntegerMergePrograms(const PlaneRows& rows, const Taps& taps, const CodeChunks& chunks,
                                           const CodeAxis& down, const CodeAxis& across, int64_t first_plane,
                                           int64_t end_plane, const MergeCodeOptions& options) {
  const int64_t planes = end_plane - first_plane;
  for (int64_t row = 0; row < down.stride; ++row)
    for (int64_t column = 0; column < across.stride; ++column) {
      std::vector<int64_t> read;  // in the order in which targets come
      for (const int64_t i : taps_at(down, taps.taps / taps.kernel_width, row))
        for (const int64_t j : taps_at(across, taps.kernel_width, column)) read.push_back(i * taps.kernel_width + j);
      for (int64_t chunk = 0; chunk < chunks.count; ++chunk) {
        const int64_t first = chunk * chunks.channels, end = std::min(first + chunks.channels, taps.channels);
        std::vector<int64_t> columns;
        for (const int64_t tap : read)
          for (int64_t c = first; c < end; ++c) columns.push_back(c * taps.taps + tap);
        std::vector<int8_t> signs(columns.size() * static_cast<size_t>(planes));
        for (int64_t plane = 0; plane < planes; ++plane)
          rows.signs(first_plane + plane, columns, signs.data() + static_cast<size_t>(plane) * columns.size());
        std::shared_ptr<const MergeCode> code;
        if (!signs.empty())
          code = MergeCode::of({planes, static_cast<int64_t>(read.size()), end - first, signs.data()}, options);
        complete_ = complete_ && (code || signs.empty());
        if (!complete_) return;
        codes_.push_back(code);
        calls_.push_back(call_of(first, code.get()));
      }
    }
}

}  // namespace plumline
