#pragma once

// 32 numbers of int16 at a time, in as many vectors as the instruction set needs, which wrap around. Beside
// core/simd_int.h, for kernels whose lanes are 16 bits wide.

#include "core/simd_int.h"

namespace plumline {
namespace PLUMLINE_ISA_NAMESPACE {

#if defined(__AVX512BW__)

struct S16 {
  static constexpr int kLanes = 32;
  __m512i v;
  static S16 zero() { return {_mm512_setzero_si512()}; }
  static S16 set(int16_t x) { return {_mm512_set1_epi16(x)}; }
  static S16 load(const int16_t* p) { return {_mm512_loadu_si512(p)}; }
  static S16 load_uint8(const uint8_t* p) {
    return {_mm512_cvtepu8_epi16(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)))};
  }
  static S16 load_int8(const uint8_t* p) {
    return {_mm512_cvtepi8_epi16(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)))};
  }
  void store(int16_t* p) const { _mm512_storeu_si512(p, v); }
};
inline S16 operator+(S16 a, S16 b) { return {_mm512_add_epi16(a.v, b.v)}; }
inline S16 operator-(S16 a, S16 b) { return {_mm512_sub_epi16(a.v, b.v)}; }
inline S16 operator&(S16 a, S16 b) { return {_mm512_and_si512(a.v, b.v)}; }
// I32::kLanes numbers from `p` on.
inline I32 load_wide(const int16_t* p) {
  return {_mm512_cvtepi16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)))};
}

#elif defined(__AVX2__)

struct S16 {
  static constexpr int kLanes = 16;
  __m256i v;
  static S16 zero() { return {_mm256_setzero_si256()}; }
  static S16 set(int16_t x) { return {_mm256_set1_epi16(x)}; }
  static S16 load(const int16_t* p) { return {_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p))}; }
  static S16 load_uint8(const uint8_t* p) {
    return {_mm256_cvtepu8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)))};
  }
  static S16 load_int8(const uint8_t* p) {
    return {_mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)))};
  }
  void store(int16_t* p) const { _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), v); }
};
inline S16 operator+(S16 a, S16 b) { return {_mm256_add_epi16(a.v, b.v)}; }
inline S16 operator-(S16 a, S16 b) { return {_mm256_sub_epi16(a.v, b.v)}; }
inline S16 operator&(S16 a, S16 b) { return {_mm256_and_si256(a.v, b.v)}; }
inline I32 load_wide(const int16_t* p) {
  return {_mm256_cvtepi16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)))};
}

#else

typedef uint16_t Uint16x8 __attribute__((vector_size(16)));  // unsigned: it may wrap around

struct S16 {
  static constexpr int kLanes = 8;
  Uint16x8 v;
  static S16 zero() { return {Uint16x8{}}; }
  static S16 set(int16_t x) { return {Uint16x8{} + static_cast<uint16_t>(x)}; }
  static S16 load(const int16_t* p) {
    S16 x;
    __builtin_memcpy(&x.v, p, sizeof(x.v));
    return x;
  }
  static S16 load_uint8(const uint8_t* p) {
    S16 x;
    for (int i = 0; i < kLanes; ++i) x.v[i] = p[i];
    return x;
  }
  static S16 load_int8(const uint8_t* p) {
    S16 x;
    for (int i = 0; i < kLanes; ++i) x.v[i] = static_cast<uint16_t>(static_cast<int8_t>(p[i]));
    return x;
  }
  void store(int16_t* p) const { __builtin_memcpy(p, &v, sizeof(v)); }
};
inline S16 operator+(S16 a, S16 b) { return {a.v + b.v}; }
inline S16 operator-(S16 a, S16 b) { return {a.v - b.v}; }
inline S16 operator&(S16 a, S16 b) { return {a.v & b.v}; }
inline I32 load_wide(const int16_t* p) { return {Int4{p[0], p[1], p[2], p[3]}}; }

#endif

// 64 bytes of them.
struct S16x32 {
  using Part = S16;
  static constexpr int kParts = 32 / S16::kLanes;
  S16 parts[kParts];
  static S16x32 zero() {
    S16x32 x;
    for (int i = 0; i < kParts; ++i) x.parts[i] = S16::zero();
    return x;
  }
  static S16x32 set(int16_t number) {
    S16x32 x;
    for (int i = 0; i < kParts; ++i) x.parts[i] = S16::set(number);
    return x;
  }
  static S16x32 load(const int16_t* p) {
    S16x32 x;
    for (int i = 0; i < kParts; ++i) x.parts[i] = S16::load(p + i * S16::kLanes);
    return x;
  }
  void store(int16_t* p) const {
    for (int i = 0; i < kParts; ++i) parts[i].store(p + i * S16::kLanes);
  }
  S16& part(int i) { return parts[i]; }
};
// 32 codes.
inline S16x32 load_codes(const uint8_t* p, bool is_signed) {
  S16x32 x;
  for (int i = 0; i < S16x32::kParts; ++i)
    x.parts[i] = is_signed ? S16::load_int8(p + i * S16::kLanes) : S16::load_uint8(p + i * S16::kLanes);
  return x;
}
inline S16x32 operator+(S16x32 a, const S16x32& b) {
  for (int i = 0; i < S16x32::kParts; ++i) a.parts[i] = a.parts[i] + b.parts[i];
  return a;
}
inline S16x32 operator-(S16x32 a, const S16x32& b) {
  for (int i = 0; i < S16x32::kParts; ++i) a.parts[i] = a.parts[i] - b.parts[i];
  return a;
}
inline S16x32 operator&(S16x32 a, const S16x32& b) {
  for (int i = 0; i < S16x32::kParts; ++i) a.parts[i] = a.parts[i] & b.parts[i];
  return a;
}

}  // namespace PLUMLINE_ISA_NAMESPACE
}  // namespace plumline
