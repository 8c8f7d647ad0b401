#pragma once

// Vectors of int32, which wrap around, beside those of float32 (core/simd.h), with what turns them into 8-bit numbers and back.

#include "core/simd.h"

#if !defined(__AVX2__) && defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace plumline {
namespace PLUMLINE_ISA_NAMESPACE {

#if defined(__AVX512F__)

struct I32 {
  static constexpr int kLanes = 16;
  __m512i v;
  static I32 load(const void* p) { return {_mm512_loadu_si512(p)}; }
  static I32 set(int32_t x) { return {_mm512_set1_epi32(x)}; }
  static I32 load_uint8(const uint8_t* p) {
    return {_mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)))};
  }
  static I32 load_int8(const uint8_t* p) {
    return {_mm512_cvtepi8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)))};
  }
  void store(void* p) const { _mm512_storeu_si512(p, v); }
  void store_low_bytes(uint8_t* p) const {  // of each lane
    _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm512_cvtepi32_epi8(v));
  }
};
inline I32 operator+(I32 a, I32 b) { return {_mm512_add_epi32(a.v, b.v)}; }
inline I32 operator-(I32 a, I32 b) { return {_mm512_sub_epi32(a.v, b.v)}; }
inline I32 operator*(I32 a, I32 b) { return {_mm512_mullo_epi32(a.v, b.v)}; }
inline F32 to_float(I32 x) { return {_mm512_cvtepi32_ps(x.v)}; }
inline I32 round_to_even(F32 x) { return {_mm512_cvt_roundps_epi32(x.v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)}; }

#elif defined(__AVX2__)

struct I32 {
  static constexpr int kLanes = 8;
  __m256i v;
  static I32 load(const void* p) { return {_mm256_loadu_si256(static_cast<const __m256i*>(p))}; }
  static I32 set(int32_t x) { return {_mm256_set1_epi32(x)}; }
  static I32 load_uint8(const uint8_t* p) {
    return {_mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p)))};
  }
  static I32 load_int8(const uint8_t* p) {
    return {_mm256_cvtepi8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p)))};
  }
  void store(void* p) const { _mm256_storeu_si256(static_cast<__m256i*>(p), v); }
  void store_low_bytes(uint8_t* p) const {
    const __m256i pick = _mm256_setr_epi8(0, 4, 8, 12, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,  //
                                          -1, -1, -1, -1, 0, 4, 8, 12, -1, -1, -1, -1, -1, -1, -1, -1);
    const __m256i low = _mm256_shuffle_epi8(v, pick);
    const __m128i both = _mm_or_si128(_mm256_castsi256_si128(low), _mm256_extracti128_si256(low, 1));
    _mm_storel_epi64(reinterpret_cast<__m128i*>(p), both);
  }
};
inline I32 operator+(I32 a, I32 b) { return {_mm256_add_epi32(a.v, b.v)}; }
inline I32 operator-(I32 a, I32 b) { return {_mm256_sub_epi32(a.v, b.v)}; }
inline I32 operator*(I32 a, I32 b) { return {_mm256_mullo_epi32(a.v, b.v)}; }
inline F32 to_float(I32 x) { return {_mm256_cvtepi32_ps(x.v)}; }
inline I32 round_to_even(F32 x) { return {_mm256_cvtps_epi32(x.v)}; }

#else

typedef int32_t Int4 __attribute__((vector_size(16)));
typedef uint32_t Uint4 __attribute__((vector_size(16)));  // to wrap around; a cast between vectors keeps the bits

struct I32 {
  static constexpr int kLanes = 4;
  Int4 v;
  static I32 load(const void* p) {
    I32 x;
    __builtin_memcpy(&x.v, p, sizeof(x.v));
    return x;
  }
  static I32 set(int32_t x) { return {Int4{x, x, x, x}}; }
  static I32 load_uint8(const uint8_t* p) { return {Int4{p[0], p[1], p[2], p[3]}}; }
  static I32 load_int8(const uint8_t* p) {
    const auto at = [p](int i) { return static_cast<int32_t>(static_cast<int8_t>(p[i])); };
    return {Int4{at(0), at(1), at(2), at(3)}};
  }
  void store(void* p) const { __builtin_memcpy(p, &v, sizeof(v)); }
  void store_low_bytes(uint8_t* p) const {
    for (int i = 0; i < 4; ++i) p[i] = static_cast<uint8_t>(v[i]);
  }
};
inline I32 operator+(I32 a, I32 b) { return {(Int4)((Uint4)a.v + (Uint4)b.v)}; }
inline I32 operator-(I32 a, I32 b) { return {(Int4)((Uint4)a.v - (Uint4)b.v)}; }
inline I32 operator*(I32 a, I32 b) { return {(Int4)((Uint4)a.v * (Uint4)b.v)}; }
inline F32 to_float(I32 x) { return {__builtin_convertvector(x.v, Float4)}; }
// For sizes below 2^22: adding 1.5 * 2^23 leaves the integer in the low bits.
inline I32 round_to_even(F32 x) {
  const F32 shifted = x + F32::set(12582912.0f);
  return {(Int4)((Uint4)shifted.v - 0x4B400000u)};
}

#endif

}  // namespace PLUMLINE_ISA_NAMESPACE
}  // namespace plumline
