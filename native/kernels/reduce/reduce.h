#pragma once

#include <cstdint>

#include "core/cpu.h"

namespace plumline {

struct ReduceKernels {
  const char* name;
  float (*sum)(const float* x, int64_t n);
  void (*accumulate)(const float* x, float* y, int64_t n);  // y[i] += x[i]
  void (*divide)(float* y, float by, int64_t n);            // y[i] /= by
};

const ReduceKernels& reduce_kernels(Isa cap);

}  // namespace plumline
