// What follows a sum: bias, multiplier, offset, then a code or a number.

#include "kernels/integer/layer.h"
#include "kernels/quantize/quantize_simd.h"

namespace plumline {
namespace PLUMLINE_ISA_NAMESPACE {

// Not fused: each step is rounded, as the reference does it.
inline F32 real_of(I32 sum, I32 bias, F32 multiplier, F32 offset) {
  return to_float(sum + bias) * multiplier + offset;
}

// A few bytes, without a call. Compilers do not see that no word is read beyond the last byte: give `from` this much room.
constexpr int kSlack = 8;
inline void copy_bytes(const uint8_t* from, uint8_t* to, int64_t n) {
  const auto move = [&](int64_t at, auto word) {
    __builtin_memcpy(&word, from + at, sizeof(word));
    __builtin_memcpy(to + at, &word, sizeof(word));
  };
  if (n >= 8) {
    int64_t at = 0;
    for (; at + 8 <= n; at += 8) move(at, uint64_t{});
    if (at < n) move(n - 8, uint64_t{});
  } else if (n >= 4) {
    move(0, uint32_t{});
    move(n - 4, uint32_t{});
  } else {
    for (int64_t at = 0; at < n; ++at) to[at] = from[at];
  }
}

}  // namespace PLUMLINE_ISA_NAMESPACE
}  // namespace plumline
