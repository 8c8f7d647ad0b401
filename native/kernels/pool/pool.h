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

// Taps a dilation apart in so many places; a division takes longer than most windows.
static inline int64_t taps_in(const PoolAxis& axis, int64_t places) {
  return axis.dilation == 1 ? places : (places + axis.dilation - 1) / axis.dilation;
}

// How many taps lie below `limit`.
static inline int64_t taps_below(const PoolAxis& axis, int64_t limit, int64_t window) {
  const int64_t start = start_of(axis, window);
  return start >= limit ? 0 : smaller(axis.kernel, taps_in(axis, limit - start));
}

// The taps t in [first_tap, end_tap) exist; there may be none.
static inline int64_t first_tap(const PoolAxis& axis, int64_t window) {
  const int64_t start = start_of(axis, window);
  return start >= 0 ? 0 : smaller(axis.kernel, taps_in(axis, -start));
}
static inline int64_t end_tap(const PoolAxis& axis, int64_t window) {
  return larger(first_tap(axis, window), taps_below(axis, axis.size, window));
}

// Taps inside the padded axis: what an average divides by when it counts the padding.
static inline int64_t padded_taps(const PoolAxis& axis, int64_t window) {
  return taps_below(axis, axis.size + axis.pad_end, window);
}

// A row with its padding, so that every window has all its taps, sorted by the place in the stride: first its numbers at
// 0, stride, 2 * stride, ..., then those at 1, stride + 1, ... Then windows that are neighbours read neighbours.
struct PoolLine {
  static constexpr int64_t kSlack = 32;       // two of the widest vectors
  static constexpr int64_t kTogether = 1024;  // numbers in the nearest cache, of some rows

  int64_t stride;  // a single window takes no step
  int64_t length;  // of the padded row, as far as it is read or has numbers
  int64_t phase;   // room for the numbers at one place of the stride

  explicit PoolLine(const PoolAxis& axis)
      : stride(axis.windows == 1 ? 1 : axis.stride),
        length(larger(axis.pad_begin + axis.size,
                      (axis.windows - 1) * stride + (axis.kernel - 1) * axis.dilation + 1)),
        phase((length + stride - 1) / stride) {
    if (stride == 2) phase += kSlack;  // vectors are stored beyond the end
  }

  // Each step is taken for several rows before the next: what has just been stored is slow to load.
  int64_t rows() const { return larger(1, smaller(16, kTogether / length)); }
  int64_t row_work() const { return length + kSlack + (stride > 1 ? stride * phase : 0); }
  int64_t work() const { return rows() * row_work(); }
};

struct PoolWindow {
  PoolAxis rows, columns;
  bool count_padding;          // average: divide by the taps in the padded tensor, not only by those that exist
  const float* column_shares;  // average: share_of each window along the columns
};

// What each tap of a window counts in an average along one axis; 0 where there is none.
static inline float share_of(const PoolAxis& axis, int64_t window, bool count_padding) {
  const int64_t taps = count_padding ? padded_taps(axis, window) : end_tap(axis, window) - first_tap(axis, window);
  return taps == 0 ? 0.0f : 1.0f / static_cast<float>(taps);
}

// One channel: x (rows.size, columns.size) to y (rows.windows, columns.windows). A window without any tap gives the
// lowest number of the type, or 0 for an average. `work` has room for PoolLine(columns).work() numbers.
struct PoolKernels {
  const char* name;
  void (*max)(const PoolWindow& window, const float* x, float* y, float* work);
  void (*average)(const PoolWindow& window, const float* x, float* y, float* work);
  void (*max_uint8)(const PoolWindow& window, const uint8_t* x, uint8_t* y, uint8_t* work);
  void (*max_int8)(const PoolWindow& window, const int8_t* x, int8_t* y, int8_t* work);
};

const PoolKernels& pool_kernels(Isa cap);

}  // namespace plumline
