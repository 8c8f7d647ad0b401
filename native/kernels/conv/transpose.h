#pragma once

// Squares of numbers, turned. Only for files of one instruction set.

#include "core/simd.h"

namespace plumline {
namespace PLUMLINE_ISA_NAMESPACE {

// Lane r of columns[c] is from[r * stride + c]. Each group of four lanes is gathered from four rows first, which
// leaves squares of four by four to turn inside the groups.
#if defined(__AVX512F__)

inline void transpose(const float* from, int64_t stride, F32 (&columns)[F32::kLanes]) {
#pragma GCC unroll 4
  for (int c = 0; c < 16; c += 4) {
    __m512 rows[4];
#pragma GCC unroll 4
    for (int r = 0; r < 4; ++r) {
      const float* at = from + r * stride + c;
      __m512 x = _mm512_castps128_ps512(_mm_loadu_ps(at));
      x = _mm512_mask_broadcast_f32x4(x, 0x00F0, _mm_loadu_ps(at + 4 * stride));
      x = _mm512_mask_broadcast_f32x4(x, 0x0F00, _mm_loadu_ps(at + 8 * stride));
      rows[r] = _mm512_mask_broadcast_f32x4(x, 0xF000, _mm_loadu_ps(at + 12 * stride));
    }
    const __m512d a = _mm512_castps_pd(_mm512_unpacklo_ps(rows[0], rows[1]));
    const __m512d b = _mm512_castps_pd(_mm512_unpacklo_ps(rows[2], rows[3]));
    const __m512d d = _mm512_castps_pd(_mm512_unpackhi_ps(rows[0], rows[1]));
    const __m512d e = _mm512_castps_pd(_mm512_unpackhi_ps(rows[2], rows[3]));
    columns[c].v = _mm512_castpd_ps(_mm512_unpacklo_pd(a, b));
    columns[c + 1].v = _mm512_castpd_ps(_mm512_unpackhi_pd(a, b));
    columns[c + 2].v = _mm512_castpd_ps(_mm512_unpacklo_pd(d, e));
    columns[c + 3].v = _mm512_castpd_ps(_mm512_unpackhi_pd(d, e));
  }
}

#elif defined(__AVX2__)

inline void transpose(const float* from, int64_t stride, F32 (&columns)[F32::kLanes]) {
#pragma GCC unroll 2
  for (int c = 0; c < 8; c += 4) {
    __m256 rows[4];
#pragma GCC unroll 4
    for (int r = 0; r < 4; ++r) {
      const float* at = from + r * stride + c;
      rows[r] = _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(at)), _mm_loadu_ps(at + 4 * stride), 1);
    }
    const __m256d a = _mm256_castps_pd(_mm256_unpacklo_ps(rows[0], rows[1]));
    const __m256d b = _mm256_castps_pd(_mm256_unpacklo_ps(rows[2], rows[3]));
    const __m256d d = _mm256_castps_pd(_mm256_unpackhi_ps(rows[0], rows[1]));
    const __m256d e = _mm256_castps_pd(_mm256_unpackhi_ps(rows[2], rows[3]));
    columns[c].v = _mm256_castpd_ps(_mm256_unpacklo_pd(a, b));
    columns[c + 1].v = _mm256_castpd_ps(_mm256_unpackhi_pd(a, b));
    columns[c + 2].v = _mm256_castpd_ps(_mm256_unpacklo_pd(d, e));
    columns[c + 3].v = _mm256_castpd_ps(_mm256_unpackhi_pd(d, e));
  }
}

#else

inline void transpose(const float* from, int64_t stride, F32 (&columns)[F32::kLanes]) {
  for (int c = 0; c < F32::kLanes; ++c)
    for (int r = 0; r < F32::kLanes; ++r) columns[c].v[r] = from[r * stride + c];
}

#endif

}  // namespace PLUMLINE_ISA_NAMESPACE
}  // namespace plumline
