#pragma once

// The few vector primitives that the kernels are written in. A kernel's algorithm stands once in a .inl file, which
// <kernel>_portable.cc, <kernel>_avx2.cc and <kernel>_avx512.cc include; the compiler flags of each choose the
// primitives here. Everything lives in a namespace named after the instruction set, so that no inline function of one
// can be linked into another. For the same reason such a file must not use standard-library templates: the linker
// could keep its AVX-512 copy of std::vector::resize for the whole program.

#include <cstdint>

#if PLUMLINE_TILE_REGISTERS  // AVX-512 and tile registers
#include <immintrin.h>
#define PLUMLINE_ISA_NAMESPACE amx
#define PLUMLINE_ISA_NAME "amx"
#elif defined(__AVX512VNNI__)
#include <immintrin.h>
#define PLUMLINE_ISA_NAMESPACE avx512_vnni
#define PLUMLINE_ISA_NAME "avx512_vnni"
#elif defined(__AVX512F__)
#include <immintrin.h>
#define PLUMLINE_ISA_NAMESPACE avx512
#define PLUMLINE_ISA_NAME "avx512"
#elif defined(__AVX2__)
#include <immintrin.h>
#define PLUMLINE_ISA_NAMESPACE avx2
#define PLUMLINE_ISA_NAME "avx2"
#else
#define PLUMLINE_ISA_NAMESPACE portable
#define PLUMLINE_ISA_NAME "portable"
#endif

namespace plumline {
namespace PLUMLINE_ISA_NAMESPACE {

#if defined(__AVX512F__)

struct F32 {
  static constexpr int kLanes = 16;
  __m512 v;
  static F32 load(const float* p) { return {_mm512_loadu_ps(p)}; }
  static F32 set(float x) { return {_mm512_set1_ps(x)}; }
  void store(float* p) const { _mm512_storeu_ps(p, v); }
};
inline F32 operator+(F32 a, F32 b) { return {_mm512_add_ps(a.v, b.v)}; }
inline F32 operator-(F32 a, F32 b) { return {_mm512_sub_ps(a.v, b.v)}; }
inline F32 operator*(F32 a, F32 b) { return {_mm512_mul_ps(a.v, b.v)}; }
inline F32 operator/(F32 a, F32 b) { return {_mm512_div_ps(a.v, b.v)}; }
inline F32 fma(F32 a, F32 b, F32 c) { return {_mm512_fmadd_ps(a.v, b.v, c.v)}; }  // a * b + c
inline F32 max(F32 a, F32 b) { return {_mm512_max_ps(a.v, b.v)}; }                // b where a is NaN
inline F32 min(F32 a, F32 b) { return {_mm512_min_ps(a.v, b.v)}; }

#elif defined(__AVX2__)

struct F32 {
  static constexpr int kLanes = 8;
  __m256 v;
  static F32 load(const float* p) { return {_mm256_loadu_ps(p)}; }
  static F32 set(float x) { return {_mm256_set1_ps(x)}; }
  void store(float* p) const { _mm256_storeu_ps(p, v); }
};
inline F32 operator+(F32 a, F32 b) { return {_mm256_add_ps(a.v, b.v)}; }
inline F32 operator-(F32 a, F32 b) { return {_mm256_sub_ps(a.v, b.v)}; }
inline F32 operator*(F32 a, F32 b) { return {_mm256_mul_ps(a.v, b.v)}; }
inline F32 operator/(F32 a, F32 b) { return {_mm256_div_ps(a.v, b.v)}; }
inline F32 fma(F32 a, F32 b, F32 c) { return {_mm256_fmadd_ps(a.v, b.v, c.v)}; }
inline F32 max(F32 a, F32 b) { return {_mm256_max_ps(a.v, b.v)}; }
inline F32 min(F32 a, F32 b) { return {_mm256_min_ps(a.v, b.v)}; }

#else

// GCC and Clang turn these into the vector instructions that every machine of a kind has (SSE2, NEON, ...), or into
// plain code where there are none.
typedef float Float4 __attribute__((vector_size(16)));

struct F32 {
  static constexpr int kLanes = 4;
  Float4 v;
  static F32 load(const float* p) { return {Float4{p[0], p[1], p[2], p[3]}}; }
  static F32 set(float x) { return {Float4{x, x, x, x}}; }
  void store(float* p) const {
    for (int i = 0; i < 4; ++i) p[i] = v[i];
  }
};
inline F32 operator+(F32 a, F32 b) { return {a.v + b.v}; }
inline F32 operator-(F32 a, F32 b) { return {a.v - b.v}; }
inline F32 operator*(F32 a, F32 b) { return {a.v * b.v}; }
inline F32 operator/(F32 a, F32 b) { return {a.v / b.v}; }
inline F32 fma(F32 a, F32 b, F32 c) { return {a.v * b.v + c.v}; }
inline F32 max(F32 a, F32 b) { return {a.v > b.v ? a.v : b.v}; }
inline F32 min(F32 a, F32 b) { return {a.v < b.v ? a.v : b.v}; }

#endif

}  // namespace PLUMLINE_ISA_NAMESPACE
}  // namespace plumline
