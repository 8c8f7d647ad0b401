#pragma once

#include <cstdint>

#include "core/cpu.h"

namespace plumline {

// softmax(x)[i] = exp(x[i] - max x) / sum over j of exp(x[j] - max x)
struct SoftmaxKernels {
  const char* name;
  void (*row)(const float* x, float* y, int64_t n);  // n > 0 numbers that lie together
  // `width` softmaxes side by side, each over n > 0 numbers that lie `stride` apart.
  void (*columns)(const float* x, float* y, int64_t n, int64_t stride, int64_t width);
};

const SoftmaxKernels& softmax_kernels(Isa cap);

}  // namespace plumline
