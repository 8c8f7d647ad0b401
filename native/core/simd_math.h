#pragma once

// What simd.h does not have: parts of a vector, selections, and the transcendental functions. The same polynomials
// serve every instruction set. Bounds are over all float32 arguments, against the exact result:
//   exp      1e-7 relative where the result is a normal number; overflow to inf, underflow to 0, NaN stays NaN
//   sigmoid  2e-7 relative down to x = -87; 0 below -88.8 (as 1 / (1 + exp(-x)) in float32), 1 above 17.4
//   tanh     2e-7 relative; keeps the sign of zero; -1 and 1 at the infinities

#include "core/simd.h"

namespace plumline {
namespace PLUMLINE_ISA_NAMESPACE {

#if defined(__AVX512F__)

inline __mmask16 first_lanes(int64_t n) { return static_cast<__mmask16>((1u << n) - 1u); }
// The first n lanes, 0 <= n < kLanes; the other lanes are zero and their memory is not touched.
inline F32 load_first(const float* p, int64_t n) { return {_mm512_maskz_loadu_ps(first_lanes(n), p)}; }
inline void store_first(F32 x, float* p, int64_t n) { _mm512_mask_storeu_ps(p, first_lanes(n), x.v); }
// `negative` where x < 0, otherwise (and where x is NaN) `rest`.
inline F32 select_negative(F32 x, F32 negative, F32 rest) {
  return {_mm512_mask_blend_ps(_mm512_cmp_ps_mask(x.v, _mm512_setzero_ps(), _CMP_LT_OQ), rest.v, negative.v)};
}
// p * 2^n, n in [-252, 254]; t holds n as the low bits of 1.5 * 2^23 + n.
inline F32 scale_by_power(F32 p, F32 t) {
  const __m512i n = _mm512_sub_epi32(_mm512_castps_si512(t.v), _mm512_set1_epi32(0x4B400000));
  const __m512i half = _mm512_srai_epi32(n, 1);
  const __m512i bias = _mm512_set1_epi32(127);
  const __m512i first = _mm512_slli_epi32(_mm512_add_epi32(half, bias), 23);
  const __m512i second = _mm512_slli_epi32(_mm512_add_epi32(_mm512_sub_epi32(n, half), bias), 23);
  return {_mm512_mul_ps(_mm512_mul_ps(p.v, _mm512_castsi512_ps(first)), _mm512_castsi512_ps(second))};
}
inline float horizontal_sum(F32 x) { return _mm512_reduce_add_ps(x.v); }
inline float horizontal_max(F32 x) { return _mm512_reduce_max_ps(x.v); }

#elif defined(__AVX2__)

inline __m256i first_lanes(int64_t n) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(n)), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
inline F32 load_first(const float* p, int64_t n) { return {_mm256_maskload_ps(p, first_lanes(n))}; }
inline void store_first(F32 x, float* p, int64_t n) { _mm256_maskstore_ps(p, first_lanes(n), x.v); }
inline F32 select_negative(F32 x, F32 negative, F32 rest) {
  return {_mm256_blendv_ps(rest.v, negative.v, _mm256_cmp_ps(x.v, _mm256_setzero_ps(), _CMP_LT_OQ))};
}
inline F32 scale_by_power(F32 p, F32 t) {
  const __m256i n = _mm256_sub_epi32(_mm256_castps_si256(t.v), _mm256_set1_epi32(0x4B400000));
  const __m256i half = _mm256_srai_epi32(n, 1);
  const __m256i bias = _mm256_set1_epi32(127);
  const __m256i first = _mm256_slli_epi32(_mm256_add_epi32(half, bias), 23);
  const __m256i second = _mm256_slli_epi32(_mm256_add_epi32(_mm256_sub_epi32(n, half), bias), 23);
  return {_mm256_mul_ps(_mm256_mul_ps(p.v, _mm256_castsi256_ps(first)), _mm256_castsi256_ps(second))};
}
inline float horizontal_sum(F32 x) {
  __m128 s = _mm_add_ps(_mm256_castps256_ps128(x.v), _mm256_extractf128_ps(x.v, 1));
  s = _mm_add_ps(s, _mm_movehl_ps(s, s));
  return _mm_cvtss_f32(_mm_add_ss(s, _mm_movehdup_ps(s)));
}
inline float horizontal_max(F32 x) {
  __m128 s = _mm_max_ps(_mm256_castps256_ps128(x.v), _mm256_extractf128_ps(x.v, 1));
  s = _mm_max_ps(s, _mm_movehl_ps(s, s));
  return _mm_cvtss_f32(_mm_max_ss(s, _mm_movehdup_ps(s)));
}

#else

inline F32 load_first(const float* p, int64_t n) {
  F32 r = F32::set(0);
  for (int64_t i = 0; i < n; ++i) r.v[i] = p[i];
  return r;
}
inline void store_first(F32 x, float* p, int64_t n) {
  for (int64_t i = 0; i < n; ++i) p[i] = x.v[i];
}
inline F32 select_negative(F32 x, F32 negative, F32 rest) { return {x.v < F32::set(0).v ? negative.v : rest.v}; }
inline F32 scale_by_power(F32 p, F32 t) {
  typedef uint32_t Uint4 __attribute__((vector_size(16)));  // a cast between vectors keeps the bits
  const Uint4 n = (Uint4)t.v - 0x4B400000u;
  const Uint4 half = (n >> 1) | (n & 0x80000000u);  // halved with its sign
  const Uint4 first = (half + 127u) << 23;
  const Uint4 second = (n - half + 127u) << 23;
  return {p.v * (Float4)first * (Float4)second};
}
inline float horizontal_sum(F32 x) { return (x.v[0] + x.v[2]) + (x.v[1] + x.v[3]); }
inline float horizontal_max(F32 x) {
  const float a = x.v[0] > x.v[2] ? x.v[0] : x.v[2];
  const float b = x.v[1] > x.v[3] ? x.v[1] : x.v[3];
  return a > b ? a : b;
}

#endif

inline F32 negate(F32 x) { return F32::set(-0.0f) - x; }

// exp(x) = 2^n exp(r), |r| <= ln(2) / 2, with exp(r) = 1 + r + r^2 p(r); p is the relative minimax polynomial.
inline F32 exp(F32 x) {
  x = min(F32::set(89.0f), max(F32::set(-105.0f), x));  // beyond, the answer is inf or 0; in this order NaN passes
  const F32 magic = F32::set(12582912.0f);              // 1.5 * 2^23: adding it rounds to an integer
  const F32 t = fma(x, F32::set(1.44269504f), magic);
  const F32 n = t - magic;
  F32 r = fma(n, F32::set(-0.693359375f), x);  // the leading bits of ln(2): the product is exact
  r = fma(n, F32::set(2.12194440e-4f), r);
  F32 p = F32::set(1.3814464e-3f);
  p = fma(p, r, F32::set(8.3687806e-3f));
  p = fma(p, r, F32::set(4.1668394e-2f));
  p = fma(p, r, F32::set(1.6666520e-1f));
  p = fma(p, r, F32::set(4.9999993e-1f));
  p = fma(r * r, p, r) + F32::set(1.0f);
  return scale_by_power(p, t);
}

inline F32 sigmoid(F32 x) { return F32::set(1.0f) / (F32::set(1.0f) + exp(negate(x))); }

// Below 0.625 in size x + x^3 p(x^2), p minimax; above 1 - 2 / (exp(2 |x|) + 1) with the sign of x.
inline F32 tanh(F32 x) {
  const F32 size = max(negate(x), x);
  const F32 square = x * x;
  F32 p = F32::set(-5.7049904e-3f);
  p = fma(p, square, F32::set(2.0639091e-2f));
  p = fma(p, square, F32::set(-5.3739716e-2f));
  p = fma(p, square, F32::set(1.3331442e-1f));
  p = fma(p, square, F32::set(-3.3333282e-1f));
  const F32 near = x * fma(square, p, F32::set(1.0f));
  const F32 far = F32::set(1.0f) - F32::set(2.0f) / (exp(size + size) + F32::set(1.0f));
  return select_negative(size - F32::set(0.625f), near, select_negative(x, negate(far), far));
}

}  // namespace PLUMLINE_ISA_NAMESPACE
}  // namespace plumline
