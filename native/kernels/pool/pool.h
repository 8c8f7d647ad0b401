#pragma once

#include <cstdint>

#include "core/cpu.h"

namespace plumline {

// The windows along one axis: window o begins at o * stride - pad_begin and covers that + t * dilation for t in
// [0, kernel), of which those in [0, size) exist and those below size + pad_end belong to the padded axis.
struct PoolAxis {
  int64_t kernel, stride, dilation, pad_begin, pad_end;
  int64_t size, windows;
};

// These are static, and do without std::min, because this header is compiled for several instruction sets: the linker
// must not keep one copy for all.

static inline int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }
static inline int64_t larger(int64_t a, int64_t b) { return a > b ? a : b; }

static inline int64_t start_of(const PoolAxis& axis, int64_t window) { return window * axis.stride - axis.pad_begin; }

// How many taps lie below `limit`.
static inline int64_t taps_below(const PoolAxis& axis, int64_t limit, int64_t window) {
  const int64_t start = start_of(axis, window);
  return start >= limit ? 0 : smaller(axis.kernel, (limit - 1 - start) / axis.dilation + 1);
}

// The taps t in [first_tap, end_tap) exist; there may be none.
static inline int64_t first_tap(const PoolAxis& axis, int64_t window) {
  const int64_t start = start_of(axis, window);
  return start >= 0 ? 0 : smaller(axis.kernel, (axis.dilation - 1 - start) / axis.dilation);
}
static inline int64_t end_tap(const PoolAxis& axis, int64_t window) {
  return larger(first_tap(axis, window), taps_below(axis, axis.size, window));
}

// Taps inside the padded axis: what an average divides by when it counts the padding.
static inline int64_t padded_taps(const PoolAxis& axis, int64_t window) {
  return taps_below(axis, axis.size + axis.pad_end, window);
}

// The windows [begin_whole, end_whole) have all their taps.
static inline int64_t begin_whole(const PoolAxis& axis) {
  return smaller(axis.windows, (axis.pad_begin + axis.stride - 1) / axis.stride);
}
static inline int64_t end_whole(const PoolAxis& axis) {
  const int64_t room = axis.size - 1 - (axis.kernel - 1) * axis.dilation + axis.pad_begin;
  return room < 0 ? begin_whole(axis) : larger(begin_whole(axis), smaller(axis.windows, room / axis.stride + 1));
}

struct PoolWindow {
  PoolAxis rows, columns;
  bool count_padding;  // average: divide by the taps in the padded tensor, not only by those that exist
};

// One channel: x (rows.size, columns.size) to y (rows.windows, columns.windows). A window without any tap gives the
// lowest number of the type, or 0 for an average. `work` has room for columns.size numbers.
struct PoolKernels {
  const char* name;
  void (*max)(const PoolWindow& window, const float* x, float* y, float* work);
  void (*average)(const PoolWindow& window, const float* x, float* y, float* work);
  void (*max_uint8)(const PoolWindow& window, const uint8_t* x, uint8_t* y, uint8_t* work);
  void (*max_int8)(const PoolWindow& window, const int8_t* x, int8_t* y, int8_t* work);
};

const PoolKernels& pool_kernels(Isa cap);

}  // namespace plumline
