#pragma once

// Lanes of two vectors picked by their place. Only for files of one instruction set.

#include "core/simd.h"

namespace plumline {
namespace PLUMLINE_ISA_NAMESPACE {

// even_lanes, odd_lanes: every second lane of a, then of b. next_lanes: all lanes of a but
// the first, then the first of b.
#if defined(__AVX512F__)

inline F32 even_lanes(F32 a, F32 b) {
  const __m512i even = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
  return {_mm512_permutex2var_ps(a.v, even, b.v)};
}
inline F32 odd_lanes(F32 a, F32 b) {
  const __m512i odd = _mm512_setr_epi32(1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
  return {_mm512_permutex2var_ps(a.v, odd, b.v)};
}
inline F32 next_lanes(F32 a, F32 b) {
  return {_mm512_castsi512_ps(_mm512_alignr_epi32(_mm512_castps_si512(b.v), _mm512_castps_si512(a.v), 1))};
}

#elif defined(__AVX2__)

// a0 a2 b0 b2 | a4 a6 b4 b6, or its odd twin: the middle quarters change places.
inline F32 sort_quarters(__m256 x) {
  return {_mm256_castpd_ps(_mm256_permute4x64_pd(_mm256_castps_pd(x), 0xD8))};
}
inline F32 even_lanes(F32 a, F32 b) { return sort_quarters(_mm256_shuffle_ps(a.v, b.v, 0x88)); }
inline F32 odd_lanes(F32 a, F32 b) { return sort_quarters(_mm256_shuffle_ps(a.v, b.v, 0xDD)); }
inline F32 next_lanes(F32 a, F32 b) {
  return {_mm256_permutevar8x32_ps(_mm256_blend_ps(a.v, b.v, 1), _mm256_setr_epi32(1, 2, 3, 4, 5, 6, 7, 0))};
}

#else

inline F32 even_lanes(F32 a, F32 b) { return {Float4{a.v[0], a.v[2], b.v[0], b.v[2]}}; }
inline F32 odd_lanes(F32 a, F32 b) { return {Float4{a.v[1], a.v[3], b.v[1], b.v[3]}}; }
inline F32 next_lanes(F32 a, F32 b) { return {Float4{a.v[1], a.v[2], a.v[3], b.v[0]}}; }

#endif

}  // namespace PLUMLINE_ISA_NAMESPACE
}  // namespace plumline
