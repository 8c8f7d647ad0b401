// What follows a sum: bias, multiplier, offset, then a code or a number.

#include "kernels/integer/layer.h"
#include "kernels/quantize/quantize_simd.h"

namespace plumline {
namespace PLUMLINE_ISA_NAMESPACE {

// Not fused: each step is rounded, as the reference does it.
inline F32 real_of(I32 sum, I32 bias, F32 multiplier, F32 offset) {
  return to_float(sum + bias) * multiplier + offset;
}

// The low bytes of 32 numbers from -128 to 255, in order.
constexpr int kVectorsOf32 = 32 / I32::kLanes;
inline void store_low_bytes(const I32 (&x)[kVectorsOf32], uint8_t* p) {
#if defined(__AVX512BW__)
  // Packs work on each 128 bits.
  const __m256i packed = _mm512_cvtepi16_epi8(_mm512_packs_epi32(x[0].v, x[1].v));
  const __m256i order = _mm256_setr_epi32(0, 2, 4, 6, 1, 3, 5, 7);
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), _mm256_permutevar8x32_epi32(packed, order));
#elif defined(__AVX2__)
  const __m256i low = _mm256_set1_epi16(255);
  const __m256i first = _mm256_and_si256(_mm256_packs_epi32(x[0].v, x[1].v), low);
  const __m256i second = _mm256_and_si256(_mm256_packs_epi32(x[2].v, x[3].v), low);
  const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p),
                      _mm256_permutevar8x32_epi32(_mm256_packus_epi16(first, second), order));
#else
  for (int i = 0; i < kVectorsOf32; ++i) x[i].store_low_bytes(p + i * I32::kLanes);
#endif
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
