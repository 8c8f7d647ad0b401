#pragma once

// 32 numbers of int16 at a time, in as many vectors as the instruction set needs, which wrap around. Beside
// core/simd_int.h, for kernels whose lanes are 16 bits wide.

#include "core/simd_int.h"

namespace plumline {
namespace PLUMLINE_ISA_NAMESPACE {

#if defined(__AVX512BW__)

struct S16x32 {
  __m512i v;
  static S16x32 zero() { return {_mm512_setzero_si512()}; }
  static S16x32 load(const int16_t* p) { return {_mm512_loadu_si512(p)}; }
  void store(int16_t* p) const { _mm512_storeu_si512(p, v); }
};
inline S16x32 operator+(S16x32 a, S16x32 b) { return {_mm512_add_epi16(a.v, b.v)}; }
// kLanes numbers from `p` on.
inline I32 load_wide(const int16_t* p) {
  return {_mm512_cvtepi16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)))};
}

#elif defined(__AVX2__)

struct S16x32 {
  __m256i v[2];
  static S16x32 zero() { return {{_mm256_setzero_si256(), _mm256_setzero_si256()}}; }
  static S16x32 load(const int16_t* p) {
    return {{_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)),
             _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p + 16))}};
  }
  void store(int16_t* p) const {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), v[0]);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(p + 16), v[1]);
  }
};
inline S16x32 operator+(S16x32 a, const S16x32& b) {
  return {{_mm256_add_epi16(a.v[0], b.v[0]), _mm256_add_epi16(a.v[1], b.v[1])}};
}
inline I32 load_wide(const int16_t* p) {
  return {_mm256_cvtepi16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)))};
}

#else

typedef uint16_t Uint16x8 __attribute__((vector_size(16)));  // unsigned: it may wrap around

struct S16x32 {
  Uint16x8 v[4];
  static S16x32 zero() { return {}; }
  static S16x32 load(const int16_t* p) {
    S16x32 x;
    __builtin_memcpy(x.v, p, sizeof(x.v));
    return x;
  }
  void store(int16_t* p) const { __builtin_memcpy(p, v, sizeof(v)); }
};
inline S16x32 operator+(S16x32 a, const S16x32& b) {
  for (int i = 0; i < 4; ++i) a.v[i] += b.v[i];
  return a;
}
inline I32 load_wide(const int16_t* p) { return {Int4{p[0], p[1], p[2], p[3]}}; }

#endif

}  // namespace PLUMLINE_ISA_NAMESPACE
}  // namespace plumline
