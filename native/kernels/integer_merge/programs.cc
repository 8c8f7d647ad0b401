#include "kernels/integer_merge/programs.h"

#include <algorithm>

#include "kernels/merge/cost.h"

namespace plumline {
namespace {

constexpr int64_t kMostChannels = 64;  // of a program; more make temporaries too many for the first-level cache
constexpr int64_t kLeastChannels = 8;  // fewer leave too little to share

// Columns of the weights for channels [first, end), by tap.
std::vector<int64_t> columns_of(const Taps& taps, int64_t first, int64_t end) {
  std::vector<int64_t> columns;
  for (int64_t tap = 0; tap < taps.taps; ++tap)
    for (int64_t c = first; c < end; ++c) columns.push_back(c * taps.taps + tap);
  return columns;
}

bool fits(const SignPlanes& planes, const Taps& taps, int64_t channels, int64_t most) {
  if (channels * taps.taps <= most) return true;
  std::vector<int8_t> signs(static_cast<size_t>(channels * taps.taps));
  for (int64_t first = 0; first < taps.channels; first += channels) {
    const std::vector<int64_t> columns = columns_of(taps, first, std::min(first + channels, taps.channels));
    if (static_cast<int64_t>(columns.size()) <= most) continue;
    const auto end = signs.begin() + static_cast<std::ptrdiff_t>(columns.size());
    for (int64_t plane = 0; plane < planes.size(); ++plane) {
      planes.signs(plane, columns, signs.data());
      if (end - std::count(signs.begin(), end, 0) - signs.begin() > most) return false;
    }
  }
  return true;
}

}  // namespace

MergeChunks choose_chunks(const SignPlanes& planes, const Taps& taps, const Codes& input) {
  const int64_t most = 65535 / std::max(1, input.high - input.low);
  for (int64_t count = (taps.channels + kMostChannels - 1) / kMostChannels; count <= taps.channels; ++count) {
    const int64_t channels = (taps.channels + count - 1) / count;
    if (channels < std::min(kLeastChannels, taps.channels)) break;
    if (fits(planes, taps, channels, most)) return {(taps.channels + channels - 1) / channels, channels};
  }
  return {};
}

IntegerMergePrograms::IntegerMergePrograms(const SignPlanes& planes, const Taps& taps, const Codes& input,
                                           const MergeChunks& chunks, int64_t first_plane, int64_t end_plane,
                                           const MergeCodeOptions& options)
    : middle_(static_cast<size_t>(end_plane - first_plane), 0) {
  const int64_t low = input.low - input.zero_point, high = input.high - input.zero_point;
  for (int64_t chunk = 0; chunk < chunks.count; ++chunk) {
    const int64_t first = chunk * chunks.channels, end = std::min(first + chunks.channels, taps.channels);
    const std::vector<int64_t> columns = columns_of(taps, first, end);
    std::vector<int8_t> signs(columns.size() * middle_.size());
    for (size_t plane = 0; plane < middle_.size(); ++plane) {
      int8_t* row = signs.data() + plane * columns.size();
      planes.signs(first_plane + static_cast<int64_t>(plane), columns, row);
      const int64_t plus = std::count(row, row + columns.size(), 1), minus = std::count(row, row + columns.size(), -1);
      // Of all sums from plus * low - minus * high to plus * high - minus * low.
      const auto middle = static_cast<int32_t>(((plus - minus) * (low + high) + 1) >> 1);
      middle_[plane] += middle;
      less_.push_back(static_cast<int16_t>(static_cast<uint16_t>(-middle)));
    }
    codes_.push_back(MergeCode::of({static_cast<int64_t>(middle_.size()), taps.taps, end - first, signs.data()}, options));
    calls_.push_back(call_of(first, codes_.back().get()));
    complete_ = complete_ && codes_.back();
    if (!complete_) return;
  }
}

size_t IntegerMergePrograms::temporaries_bytes() const {
  size_t bytes = 0;
  for (const auto& code : codes_) bytes = std::max(bytes, code->temporaries_bytes());
  return bytes;
}

double IntegerMergePrograms::cost(int64_t positions) const {
  double cost = 0;
  for (const auto& code : codes_)
    cost += merge_cost({code->work(), code->code_bytes(), code->options().vector_bytes, positions});
  return cost;
}

}  // namespace plumline
