#pragma once

// One pixel of each sub-image of a block (core/sub_images.h), as a vector. Only for files of one instruction set.

#include "core/simd.h"
#include "core/sub_images.h"

namespace plumline {
namespace PLUMLINE_ISA_NAMESPACE {

constexpr int kVectors = kSubImages / F32::kLanes;

struct Pixels {
  F32 v[kVectors];
  static Pixels zero() {
    Pixels x;
    for (int i = 0; i < kVectors; ++i) x.v[i] = F32::set(0);
    return x;
  }
  static Pixels load(const float* p) {
    Pixels x;
    for (int i = 0; i < kVectors; ++i) x.v[i] = F32::load(p + i * F32::kLanes);
    return x;
  }
  void store(float* p) const {
    for (int i = 0; i < kVectors; ++i) v[i].store(p + i * F32::kLanes);
  }
};
inline Pixels operator+(Pixels a, const Pixels& b) {
  for (int i = 0; i < kVectors; ++i) a.v[i] = a.v[i] + b.v[i];
  return a;
}
inline Pixels fma(float a, const Pixels& b, Pixels c) {
  for (int i = 0; i < kVectors; ++i) c.v[i] = fma(F32::set(a), b.v[i], c.v[i]);
  return c;
}

inline void zero_line(float* to, int64_t count) {  // a multiple of kSubImages
  for (int64_t i = 0; i < count; i += kSubImages) Pixels::zero().store(to + i);
}

// Some of the sub-images: all bits of a lane, or none.
struct alignas(64) Mask {
  int32_t lanes[kSubImages];
};

// The pixels of the masked lanes, from p + lane, and zeros; the memory of the others is not touched.
inline Pixels load_where(const Mask& mask, const float* p) {
  Pixels x;
#if defined(__AVX512F__)
  x.v[0] = {_mm512_maskz_loadu_ps(_mm512_movepi32_mask(_mm512_load_si512(mask.lanes)), p)};
#elif defined(__AVX2__)
  for (int i = 0; i < kVectors; ++i) {
    const __m256i lanes = _mm256_load_si256(reinterpret_cast<const __m256i*>(mask.lanes) + i);
    x.v[i] = {_mm256_maskload_ps(p + i * F32::kLanes, lanes)};
  }
#else
  for (int i = 0; i < kSubImages; ++i) x.v[i / F32::kLanes].v[i % F32::kLanes] = mask.lanes[i] ? p[i] : 0.0f;
#endif
  return x;
}

// The masked lanes of x, and zeros.
inline Pixels keep_where(const Mask& mask, Pixels x) {
#if defined(__AVX512F__)
  x.v[0] = {_mm512_maskz_mov_ps(_mm512_movepi32_mask(_mm512_load_si512(mask.lanes)), x.v[0].v)};
#elif defined(__AVX2__)
  for (int i = 0; i < kVectors; ++i) {
    const __m256i lanes = _mm256_load_si256(reinterpret_cast<const __m256i*>(mask.lanes) + i);
    x.v[i] = {_mm256_and_ps(x.v[i].v, _mm256_castsi256_ps(lanes))};
  }
#else
  for (int i = 0; i < kSubImages; ++i)
    if (!mask.lanes[i]) x.v[i / F32::kLanes].v[i % F32::kLanes] = 0.0f;
#endif
  return x;
}

}  // namespace PLUMLINE_ISA_NAMESPACE
}  // namespace plumline
