// Turns rows of an image into positions of one pixel of each sub-image, and back.

#include "core/simd_int16.h"
#include "kernels/integer/lanes.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace plumline {
namespace PLUMLINE_ISA_NAMESPACE {

constexpr int64_t kBlock = 8;  // columns that are turned at a time

inline int64_t round_up_block(int64_t n) { return (n + kBlock - 1) / kBlock * kBlock; }

#if defined(__SSE2__)

inline __m128i load_half(const uint8_t* p) { return _mm_loadl_epi64(reinterpret_cast<const __m128i*>(p)); }

// Rows of 8 bytes to 8 columns of 16: out[j] has byte j of each row.
inline void turn_16x8(const uint8_t* const* rows, __m128i (&out)[8]) {
  __m128i a[8], b[8];
#pragma GCC unroll 8
  for (int i = 0; i < 8; ++i) a[i] = _mm_unpacklo_epi8(load_half(rows[i]), load_half(rows[i + 8]));  // i, i + 8
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    b[2 * i] = _mm_unpacklo_epi8(a[i], a[i + 4]);
    b[2 * i + 1] = _mm_unpackhi_epi8(a[i], a[i + 4]);
  }
#pragma GCC unroll 2
  for (int i = 0; i < 2; ++i)
#pragma GCC unroll 2
    for (int h = 0; h < 2; ++h) {
      a[4 * i + 2 * h] = _mm_unpacklo_epi8(b[2 * i + h], b[2 * i + 4 + h]);
      a[4 * i + 2 * h + 1] = _mm_unpackhi_epi8(b[2 * i + h], b[2 * i + 4 + h]);
    }
#pragma GCC unroll 4
  for (int q = 0; q < 4; ++q) {
    out[2 * q] = _mm_unpacklo_epi8(a[q], a[4 + q]);
    out[2 * q + 1] = _mm_unpackhi_epi8(a[q], a[4 + q]);
  }
}

// 32 codes to int16, less the middle, in order.
inline void store_wide(__m128i first, __m128i second, __m128i flip, int16_t middle, int16_t* to) {
  first = _mm_xor_si128(first, flip);  // unsigned from here on
  second = _mm_xor_si128(second, flip);
#if defined(__AVX512BW__)
  const __m512i wide = _mm512_cvtepu8_epi16(_mm256_inserti128_si256(_mm256_castsi128_si256(first), second, 1));
  _mm512_storeu_si512(to, _mm512_sub_epi16(wide, _mm512_set1_epi16(middle)));
#elif defined(__AVX2__)
  const __m256i less = _mm256_set1_epi16(middle);
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), _mm256_sub_epi16(_mm256_cvtepu8_epi16(first), less));
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + 16), _mm256_sub_epi16(_mm256_cvtepu8_epi16(second), less));
#else
  const __m128i zero = _mm_setzero_si128(), less = _mm_set1_epi16(middle);
  __m128i* place = reinterpret_cast<__m128i*>(to);
  _mm_storeu_si128(place, _mm_sub_epi16(_mm_unpacklo_epi8(first, zero), less));
  _mm_storeu_si128(place + 1, _mm_sub_epi16(_mm_unpackhi_epi8(first, zero), less));
  _mm_storeu_si128(place + 2, _mm_sub_epi16(_mm_unpacklo_epi8(second, zero), less));
  _mm_storeu_si128(place + 3, _mm_sub_epi16(_mm_unpackhi_epi8(second, zero), less));
#endif
}

#endif

// The first `count` columns of a block of 32 rows of codes to positions, `next` numbers from one to the next.
inline void codes_to_positions(const uint8_t* const* rows, int64_t column, int64_t count, const CentredCodes& codes,
                               int16_t* to, int64_t next) {
#if defined(__SSE2__)
  const __m128i flip = _mm_set1_epi8(codes.is_signed ? -128 : 0);
  const auto middle = static_cast<int16_t>(codes.middle + (codes.is_signed ? 128 : 0));
  __m128i first[kBlock], second[kBlock];
  const uint8_t* from[kLaneImages];
  for (int64_t i = 0; i < kLaneImages; ++i) from[i] = rows[i] + column;
  turn_16x8(from, first);
  turn_16x8(from + 16, second);
  for (int64_t j = 0; j < count; ++j) store_wide(first[j], second[j], flip, middle, to + j * next);
#else
  for (int64_t lane = 0; lane < kLaneImages; ++lane)
    for (int64_t j = 0; j < count; ++j) {
      const uint8_t byte = rows[lane][column + j];
      const int code = codes.is_signed ? static_cast<int8_t>(byte) : byte;
      to[j * next + lane] = static_cast<int16_t>(code - codes.middle);
    }
#endif
}

// The reverse for codes that are done: block[j][lane] to to[lane][column + j]. What goes beyond a sub-image is
// overwritten by the next one to its right, which comes later.
inline void positions_to_codes(const uint8_t (*block)[kLaneImages], uint8_t* const* to, int64_t column) {
#if defined(__SSE2__)
  for (int64_t half = 0; half < kLaneImages; half += 16) {
    __m128i a[8], b[8];
#pragma GCC unroll 8
    for (int i = 0; i < 8; ++i) a[i] = _mm_loadu_si128(reinterpret_cast<const __m128i*>(block[i] + half));
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) {
      b[2 * i] = _mm_unpacklo_epi8(a[i], a[i + 4]);
      b[2 * i + 1] = _mm_unpackhi_epi8(a[i], a[i + 4]);
    }
#pragma GCC unroll 2
    for (int h = 0; h < 2; ++h) {
      a[2 * h] = _mm_unpacklo_epi8(b[h], b[4 + h]);
      a[2 * h + 1] = _mm_unpackhi_epi8(b[h], b[4 + h]);
      a[4 + 2 * h] = _mm_unpacklo_epi8(b[2 + h], b[6 + h]);
      a[5 + 2 * h] = _mm_unpackhi_epi8(b[2 + h], b[6 + h]);
    }
#pragma GCC unroll 4
    for (int q = 0; q < 4; ++q) {
      const __m128i low = _mm_unpacklo_epi8(a[q], a[4 + q]), high = _mm_unpackhi_epi8(a[q], a[4 + q]);
      const int64_t lane = half + 4 * q;
      _mm_storel_epi64(reinterpret_cast<__m128i*>(to[lane] + column), low);
      _mm_storel_epi64(reinterpret_cast<__m128i*>(to[lane + 1] + column), _mm_unpackhi_epi64(low, low));
      _mm_storel_epi64(reinterpret_cast<__m128i*>(to[lane + 2] + column), high);
      _mm_storel_epi64(reinterpret_cast<__m128i*>(to[lane + 3] + column), _mm_unpackhi_epi64(high, high));
    }
  }
#else
  for (int64_t lane = 0; lane < kLaneImages; ++lane)
    for (int64_t j = 0; j < kBlock; ++j) to[lane][column + j] = block[j][lane];
#endif
}

}  // namespace PLUMLINE_ISA_NAMESPACE
}  // namespace plumline
