#pragma once

// A window of lanes of a vector, for rows of pixels that begin or end inside it. Only for files of one instruction set.

#include "core/simd_math.h"

namespace plumline {
namespace PLUMLINE_ISA_NAMESPACE {

#if defined(__AVX512F__)

struct Lanes {
  __mmask16 mask;
  static Lanes between(int64_t begin, int64_t end) {  // 0 <= begin <= end <= kLanes
    return {static_cast<__mmask16>((1u << end) - (1u << begin))};
  }
};
// `rest` with the given lanes read from p[lane]; the memory of the other lanes is not touched.
inline F32 load_lanes(F32 rest, const float* p, const Lanes& lanes) {
  return {_mm512_mask_loadu_ps(rest.v, lanes.mask, p)};
}

// The same with zeros for the rest.
inline F32 load_lanes(const float* p, const Lanes& lanes) { return {_mm512_maskz_loadu_ps(lanes.mask, p)}; }

// The same where all of the memory may be read.
inline F32 keep_lanes(const float* p, const Lanes& lanes) { return load_lanes(p, lanes); }

#elif defined(__AVX2__)

struct Lanes {
  __m256i mask;
  static Lanes between(int64_t begin, int64_t end) {
    return {_mm256_andnot_si256(first_lanes(begin), first_lanes(end))};
  }
};
inline F32 load_lanes(F32 rest, const float* p, const Lanes& lanes) {
  return {_mm256_blendv_ps(rest.v, _mm256_maskload_ps(p, lanes.mask), _mm256_castsi256_ps(lanes.mask))};
}

inline F32 load_lanes(const float* p, const Lanes& lanes) { return {_mm256_maskload_ps(p, lanes.mask)}; }

// Some processors take several times as long to load with a mask.
inline F32 keep_lanes(const float* p, const Lanes& lanes) {
  return {_mm256_and_ps(_mm256_loadu_ps(p), _mm256_castsi256_ps(lanes.mask))};
}

#else

struct Lanes {
  int64_t begin, end;
  static Lanes between(int64_t begin, int64_t end) { return {begin, end}; }
};
inline F32 load_lanes(F32 rest, const float* p, const Lanes& lanes) {
  for (int64_t i = lanes.begin; i < lanes.end; ++i) rest.v[i] = p[i];
  return rest;
}

inline F32 load_lanes(const float* p, const Lanes& lanes) { return load_lanes(F32::set(0), p, lanes); }

inline F32 keep_lanes(const float* p, const Lanes& lanes) { return load_lanes(p, lanes); }

#endif

// base + offset for an offset that may lie before the array, as long as the lanes that are read do not.
inline const float* shifted(const float* base, int64_t offset) {
  return reinterpret_cast<const float*>(reinterpret_cast<uintptr_t>(base) + static_cast<uintptr_t>(offset) * 4);
}

// Asks for a line of memory, which need not exist, to be brought into the second cache.
inline void ask_ahead(const float* base, int64_t offset) { __builtin_prefetch(shifted(base, offset), 0, 2); }

// The lanes of a vector from column `first` on that lie in a row of `width` columns.
inline Lanes inside(int64_t first, int64_t width) {
  const int64_t begin = first < 0 ? -first : 0;
  const int64_t end = width - first < F32::kLanes ? width - first : F32::kLanes;
  if (begin >= end) return Lanes::between(0, 0);
  return Lanes::between(begin, end);
}

// Those columns, and zeros where there is none.
inline F32 load_columns(const float* row, int64_t first, int64_t width) {
  if (first >= 0 && first + F32::kLanes <= width) return F32::load(row + first);
  return load_lanes(shifted(row, first), inside(first, width));
}

}  // namespace PLUMLINE_ISA_NAMESPACE
}  // namespace plumline
