#include "kernels/limbs/weight_limbs.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace plumline {
namespace {

// The nearest bf16 number, ties to even, of a number that is not NaN.
uint16_t rounded(float x) {
  uint32_t bits;
  std::memcpy(&bits, &x, sizeof(bits));
  return static_cast<uint16_t>((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
}

float widened(uint16_t x) {
  const uint32_t bits = static_cast<uint32_t>(x) << 16;
  float wide;
  std::memcpy(&wide, &bits, sizeof(wide));
  return wide;
}

struct Split {
  uint16_t limbs[kLimbs];
  explicit Split(float x) {
    for (uint16_t& limb : limbs) {
      limb = rounded(x);
      x -= widened(limb);
    }
  }
};

// How many limbs the numbers have, 0 where one of them cannot be split.
int limb_count(const std::vector<float>& matrix) {
  int count = 1;
  for (const float x : matrix) {
    if (!std::isfinite(x) || !std::isfinite(widened(rounded(x)))) return 0;
    const Split split(x);
    for (int limb = count; limb < kLimbs; ++limb)
      if (widened(split.limbs[limb]) != 0) count = limb + 1;
  }
  return count;
}

}  // namespace

WeightLimbs::WeightLimbs(const std::vector<float>& matrix, int64_t filters, const Taps& taps, int64_t pairs)
    : count_(limb_count(matrix)) {
  if (count_ == 0) return;
  const int64_t group_filters = filters / taps.groups;
  const int64_t columns = taps.channels * taps.taps;
  const int64_t steps = (pairs * taps.taps + kStepPairs - 1) / kStepPairs;
  const int64_t width = steps * kStepColumns;
  limbs_.assign((filters * count_ * width) + kTileFilters * kChunkColumns, 0);
  for (int64_t m = 0; m < filters; ++m) {
    uint16_t* group = limbs_.data() + m / group_filters * group_filters * count_ * width;
    for (int64_t k = 0; k < columns; ++k) {
      const int64_t place = tap_major_place(k, 2 * pairs, taps.taps);
      const int64_t chunk = place / kChunkColumns * kChunkColumns;
      const int64_t chunk_width = std::min(kChunkColumns, width - chunk);
      const Split split(matrix[m * columns + k]);
      for (int limb = 0; limb < count_; ++limb)
        group[(chunk * count_ + limb * chunk_width) * group_filters + m % group_filters * chunk_width + place - chunk] =
            split.limbs[limb];
    }
  }
}

}  // namespace plumline
