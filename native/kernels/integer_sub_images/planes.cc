#include "kernels/integer_sub_images/planes.h"

#include <algorithm>

namespace plumline {
namespace {

constexpr int64_t kMostChannels = 64;  // of a chunk; more need more of the first-level cache than there is
constexpr int64_t kLeastChannels = 8;  // fewer leave too little to share

bool fits(const PlaneRows& rows, const Taps& taps, int64_t channels, int64_t most) {
  if (channels * taps.taps <= most) return true;
  std::vector<int8_t> signs(static_cast<size_t>(channels * taps.taps));
  for (int64_t first = 0; first < taps.channels; first += channels) {
    const std::vector<int64_t> columns = columns_by_tap(taps, first, std::min(first + channels, taps.channels));
    if (static_cast<int64_t>(columns.size()) <= most) continue;
    const auto end = signs.begin() + static_cast<std::ptrdiff_t>(columns.size());
    for (int64_t plane = 0; plane < rows.planes(); ++plane) {
      rows.signs(plane, columns, signs.data());
      if (end - std::count(signs.begin(), end, 0) - signs.begin() > most) return false;
    }
  }
  return true;
}

}  // namespace

std::vector<int64_t> columns_by_tap(const Taps& taps, int64_t first, int64_t end) {
  std::vector<int64_t> columns;
  for (int64_t tap = 0; tap < taps.taps; ++tap)
    for (int64_t c = first; c < end; ++c) columns.push_back(c * taps.taps + tap);
  return columns;
}

CodeChunks::CodeChunks(const PlaneRows& rows, const Taps& taps, const Codes& input)
    : middle(static_cast<size_t>(rows.planes()), 0) {
  const int64_t most = 65535 / std::max(1, input.high - input.low);
  for (int64_t wanted = (taps.channels + kMostChannels - 1) / kMostChannels; wanted <= taps.channels; ++wanted) {
    channels = (taps.channels + wanted - 1) / wanted;
    if (channels < std::min(kLeastChannels, taps.channels)) return;
    if (!fits(rows, taps, channels, most)) continue;
    count = (taps.channels + channels - 1) / channels;
    break;
  }
  const int64_t low = input.low - input.zero_point, high = input.high - input.zero_point;
  for (int64_t chunk = 0; chunk < count; ++chunk) {
    const std::vector<int64_t> columns =
        columns_by_tap(taps, chunk * channels, std::min((chunk + 1) * channels, taps.channels));
    std::vector<int8_t> signs(columns.size());
    for (int64_t plane = 0; plane < rows.planes(); ++plane) {
      rows.signs(plane, columns, signs.data());
      const int64_t plus = std::count(signs.begin(), signs.end(), 1), minus = std::count(signs.begin(), signs.end(), -1);
      // Of all sums from plus * low - minus * high to plus * high - minus * low.
      const auto of_chunk = static_cast<int32_t>(((plus - minus) * (low + high) + 1) >> 1);
      middle[static_cast<size_t>(plane)] += of_chunk;
      less.push_back(static_cast<int16_t>(static_cast<uint16_t>(-of_chunk)));
    }
  }
}

}  // namespace plumline
