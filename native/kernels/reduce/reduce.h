#pragma once

#include <cstdint>

#include "core/cpu.h"

namespace plumline {

constexpr int64_t kReduceRows = 4;

struct ReduceKernels {
  const char* name;
  float (*sum)(const float* x, int64_t n);
  void (*means)(const float* x, float* y, int64_t rows, int64_t n);  // of rows of n > 0 numbers that lie together
  // y[i] += the sum of 1 to kReduceRows numbers x[row][i]
  void (*accumulate)(const float* const* x, int64_t rows, float* y, int64_t n);
  void (*divide)(float* y, float by, int64_t n);  // y[i] /= by
};

const ReduceKernels& reduce_kernels(Isa cap);

}  // namespace plumline
