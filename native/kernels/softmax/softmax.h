#pragma once

#include <cstdint>

#include "core/cpu.h"

namespace plumline {

constexpr int64_t kSoftmaxColumns = 256;

// softmax(x)[i] = exp(x[i] - max x) / sum over j of exp(x[j] - max x), 0 where that exponential is below the smallest
// normal number.
struct SoftmaxKernels {
  const char* name;
  void (*rows)(const float* x, float* y, int64_t rows, int64_t n);  // one after the other, each of n > 0 numbers
  // 1 to kSoftmaxColumns softmaxes side by side, each over n > 0 numbers that lie `stride` apart.
  void (*columns)(const float* x, float* y, int64_t n, int64_t stride, int64_t width);
};

const SoftmaxKernels& softmax_kernels(Isa cap);

}  // namespace plumline
