#pragma once

// What simd.h does not have: parts of a vector, selections, and the transcendental functions. The same polynomials
// serve every instruction set. Bounds are over all float32 arguments, against the exact result:
//   exp      1e-7 relative where the result is a normal number; 0 where it is smaller, inf where larger, NaN stays NaN
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
// x where `at` is at least `least` or NaN, otherwise zero.
inline F32 zero_below(F32 x, F32 at, F32 least) {
  return {_mm512_maskz_mov_ps(_mm512_cmp_ps_mask(at.v, least.v, _CMP_NLT_UQ), x.v)};
}
inline F32 with_sign_of(F32 size, F32 x) {  // size is not negative
  return {_mm512_or_ps(size.v, _mm512_and_ps(x.v, _mm512_set1_ps(-0.0f)))};
}
inline F32 size_of(F32 x) { return {_mm512_andnot_ps(_mm512_set1_ps(-0.0f), x.v)}; }
// 2^n, n in [-127, 128], where -127 gives 0 and 128 inf; t is 1.5 * 2^23 + n, whose low bits hold n.
inline F32 power_of_two(F32 t) {
  const __m512i one = _mm512_set1_epi32(127 << 23);
  return {_mm512_castsi512_ps(_mm512_add_epi32(_mm512_slli_epi32(_mm512_castps_si512(t.v), 23), one))};
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
inline F32 zero_below(F32 x, F32 at, F32 least) {
  return {_mm256_and_ps(x.v, _mm256_cmp_ps(at.v, least.v, _CMP_NLT_UQ))};
}
inline F32 with_sign_of(F32 size, F32 x) {
  return {_mm256_or_ps(size.v, _mm256_and_ps(x.v, _mm256_set1_ps(-0.0f)))};
}
inline F32 size_of(F32 x) { return {_mm256_andnot_ps(_mm256_set1_ps(-0.0f), x.v)}; }
inline F32 power_of_two(F32 t) {
  const __m256i one = _mm256_set1_epi32(127 << 23);
  return {_mm256_castsi256_ps(_mm256_add_epi32(_mm256_slli_epi32(_mm256_castps_si256(t.v), 23), one))};
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
typedef uint32_t Uint4 __attribute__((vector_size(16)));  // a cast between vectors keeps the bits
inline F32 zero_below(F32 x, F32 at, F32 least) { return {at.v < least.v ? F32::set(0).v : x.v}; }
inline F32 with_sign_of(F32 size, F32 x) { return {(Float4)((Uint4)size.v | ((Uint4)x.v & 0x80000000u))}; }
inline F32 size_of(F32 x) { return {(Float4)((Uint4)x.v & 0x7FFFFFFFu)}; }
inline F32 power_of_two(F32 t) { return {(Float4)(((Uint4)t.v << 23) + (127u << 23))}; }
inline float horizontal_sum(F32 x) { return (x.v[0] + x.v[2]) + (x.v[1] + x.v[3]); }
inline float horizontal_max(F32 x) {
  const float a = x.v[0] > x.v[2] ? x.v[0] : x.v[2];
  const float b = x.v[1] > x.v[3] ? x.v[1] : x.v[3];
  return a > b ? a : b;
}

#endif

inline F32 negate(F32 x) { return F32::set(-0.0f) - x; }

// exp(x) = scale * (1 + rest), scale = 2^n, |r| <= ln(2) / 2 for r = x - n ln(2), rest = exp(r) - 1 = r + r^2 p(r); p is the
// relative minimax polynomial. For x from -88 to 89, and NaN.
struct ExpParts {
  F32 scale, rest;
};
inline ExpParts exp_parts(F32 x) {
  const F32 magic = F32::set(12582912.0f);  // 1.5 * 2^23: adding it rounds to an integer
  const F32 t = fma(x, F32::set(1.44269504f), magic);
  const F32 n = t - magic;
  F32 r = fma(n, F32::set(-0.693359375f), x);  // the leading bits of ln(2): the product is exact
  r = fma(n, F32::set(2.12194440e-4f), r);
  F32 p = F32::set(1.3814464e-3f);
  p = fma(p, r, F32::set(8.3687806e-3f));
  p = fma(p, r, F32::set(4.1668394e-2f));
  p = fma(p, r, F32::set(1.6666520e-1f));
  p = fma(p, r, F32::set(4.9999993e-1f));
  return {power_of_two(t), fma(r * r, p, r)};
}

// Of x <= 0, as softmax needs it. In this order of max NaN passes.
inline F32 exp_of_negative(F32 x) {
  const F32 least = F32::set(-87.3365448f);  // the logarithm of the smallest normal number
  const ExpParts e = exp_parts(max(least, x));
  return zero_below((e.rest + F32::set(1.0f)) * e.scale, x, least);
}

inline F32 sigmoid(F32 x) {
  const ExpParts e = exp_parts(min(F32::set(89.0f), max(F32::set(-88.0f), negate(x))));
  return F32::set(1.0f) / (F32::set(1.0f) + (e.rest + F32::set(1.0f)) * e.scale);
}

// m / (m + 2) for m = exp(2 |x|) - 1, with the sign of x: no cancellation for small x. Beyond 10 it is 1.
inline F32 tanh(F32 x) {
  const F32 size = min(F32::set(10.0f), size_of(x));
  const ExpParts e = exp_parts(size + size);
  const F32 m = fma(e.rest, e.scale, e.scale - F32::set(1.0f));
  return with_sign_of(m / (m + F32::set(2.0f)), x);
}

}  // namespace PLUMLINE_ISA_NAMESPACE
}  // namespace plumline
