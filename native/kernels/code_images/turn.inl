// Turns 32 rows of 8 codes to 8 columns of 32, and back.

#include "core/simd.h"

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

#endif

// The first `count` of 8 columns that begin at each of 32 rows, to vectors `next` bytes apart.
inline void rows_to_vectors(const uint8_t* const* rows, int64_t count, uint8_t* to, int64_t next) {
#if defined(__SSE2__)
  __m128i first[kBlock], second[kBlock];
  turn_16x8(rows, first);
  turn_16x8(rows + 16, second);
  for (int64_t j = 0; j < count; ++j) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to + j * next), first[j]);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to + j * next + 16), second[j]);
  }
#else
  for (int64_t lane = 0; lane < 32; ++lane)
    for (int64_t j = 0; j < count; ++j) to[j * next + lane] = rows[lane][j];
#endif
}

// The reverse: byte `lane` of vector j becomes byte j of row `lane`. All 8 are written.
inline void vectors_to_rows(const uint8_t* const* vectors, uint8_t* const* to) {
#if defined(__SSE2__)
  for (int64_t half = 0; half < 32; half += 16) {
    __m128i a[8], b[8];
#pragma GCC unroll 8
    for (int i = 0; i < 8; ++i) a[i] = _mm_loadu_si128(reinterpret_cast<const __m128i*>(vectors[i] + half));
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
      _mm_storel_epi64(reinterpret_cast<__m128i*>(to[lane]), low);
      _mm_storel_epi64(reinterpret_cast<__m128i*>(to[lane + 1]), _mm_unpackhi_epi64(low, low));
      _mm_storel_epi64(reinterpret_cast<__m128i*>(to[lane + 2]), high);
      _mm_storel_epi64(reinterpret_cast<__m128i*>(to[lane + 3]), _mm_unpackhi_epi64(high, high));
    }
  }
#else
  for (int64_t lane = 0; lane < 32; ++lane)
    for (int64_t j = 0; j < kBlock; ++j) to[lane][j] = vectors[j][lane];
#endif
}

}  // namespace PLUMLINE_ISA_NAMESPACE
}  // namespace plumline
