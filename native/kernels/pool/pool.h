#pragma once

#include <algorithm>
#include <cstdint>

#include "core/cpu.h"

namespace plumline {

// The windows along one axis: window o covers start(o) + t * dilation for t in [0, kernel), of which those in
// [0, size) exist and [-pad_begin, size + pad_end) belong to the padded axis.
struct PoolAxis {
  int64_t kernel, stride, dilation, pad_begin, pad_end;
  int64_t size, windows;

  int64_t start(int64_t window) const { return window * stride - pad_begin; }

  // The taps t in [first(o), end(o)) exist; there may be none.
  int64_t first(int64_t window) const {
    const int64_t at = start(window);
    return at >= 0 ? 0 : std::min(kernel, (dilation - 1 - at) / dilation);
  }
  int64_t end(int64_t window) const { return std::max(first(window), taps_before(size, window)); }

  // Taps inside the padded axis: what an average divides by when it counts the padding.
  int64_t padded(int64_t window) const { return taps_before(size + pad_end, window); }

  // The windows [begin_whole(), end_whole()) have all their taps.
  int64_t begin_whole() const { return std::min(windows, (pad_begin + stride - 1) / stride); }
  int64_t end_whole() const {
    const int64_t room = size - 1 - (kernel - 1) * dilation + pad_begin;
    return room < 0 ? begin_whole() : std::max(begin_whole(), std::min(windows, room / stride + 1));
  }

 private:
  int64_t taps_before(int64_t limit, int64_t window) const {
    const int64_t at = start(window);
    return at >= limit ? 0 : std::min(kernel, (limit - 1 - at) / dilation + 1);
  }
};

struct PoolWindow {
  PoolAxis rows, columns;
  bool count_padding;  // average: divide by the taps in the padded tensor, not only by those that exist
};

// One channel: x (rows.size, columns.size) to y (rows.windows, columns.windows). A window without any tap gives the
// lowest float, or 0 for an average. `work` has room for columns.size numbers.
struct PoolKernels {
  const char* name;
  void (*max)(const PoolWindow& window, const float* x, float* y, float* work);
  void (*average)(const PoolWindow& window, const float* x, float* y, float* work);
};

const PoolKernels& pool_kernels(Isa cap);

}  // namespace plumline
