// Turns rows of an image into positions of one pixel of each sub-image, and back (see LaneGrid).

#include "core/simd_int16.h"
#include "kernels/integer_tables/integer_tables.h"

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

// 16 codes to int16, less the middle.
inline void store_wide(__m128i bytes, __m128i flip, __m128i middle, int16_t* to) {
  const __m128i codes = _mm_xor_si128(bytes, flip);  // unsigned by now
  const __m128i zero = _mm_setzero_si128();
  _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm_sub_epi16(_mm_unpacklo_epi8(codes, zero), middle));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(to + 8), _mm_sub_epi16(_mm_unpackhi_epi8(codes, zero), middle));
}

#endif

// A block of columns of 32 rows of codes to positions, `next` numbers from one to the next.
inline void codes_to_positions(const uint8_t* const* rows, int64_t column, const IntegerTablesWeights& weights,
                               int16_t* to, int64_t next) {
#if defined(__SSE2__)
  const __m128i flip = _mm_set1_epi8(weights.is_signed ? -128 : 0);
  const __m128i middle = _mm_set1_epi16(static_cast<int16_t>(weights.middle + (weights.is_signed ? 128 : 0)));
  for (int64_t half = 0; half < kLaneImages; half += 16) {
    const uint8_t* from[16];
    for (int i = 0; i < 16; ++i) from[i] = rows[half + i] + column;
    __m128i turned[kBlock];
    turn_16x8(from, turned);
    for (int64_t j = 0; j < kBlock; ++j) store_wide(turned[j], flip, middle, to + j * next + half);
  }
#else
  for (int64_t lane = 0; lane < kLaneImages; ++lane)
    for (int64_t j = 0; j < kBlock; ++j) {
      const uint8_t byte = rows[lane][column + j];
      const int code = weights.is_signed ? static_cast<int8_t>(byte) : byte;
      to[j * next + lane] = static_cast<int16_t>(code - weights.middle);
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
