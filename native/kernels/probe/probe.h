#pragma once

#include <cstdint>

#include "core/cpu.h"

namespace plumline {

// Loops that do nothing but what a machine is limited by: the roofs under which the times of layers are judged.
struct ProbeKernels {
  const char* name;
  // Fused multiply-adds on numbers that stay in registers; returns how many single ones, `rounds` times a constant.
  int64_t (*multiply_add)(int64_t rounds, float* result);
  // Reads x[0, n) `rounds` times and returns the sum, so that no read can be left out.
  float (*read)(const float* x, int64_t n, int64_t rounds);
};

const ProbeKernels& probe_kernels(Isa cap);

}  // namespace plumline
