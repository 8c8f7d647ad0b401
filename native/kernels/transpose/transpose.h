#pragma once

#include <cstdint>

#include "core/cpu.h"

namespace plumline {

// Matrices, turned: to[i * to_step + j] = from[i + j * from_step] for i in [0, height), j in [0, width).
struct TransposeKernels {
  const char* name;
  void (*floats)(const float* from, int64_t from_step, float* to, int64_t to_step, int64_t height, int64_t width);
  void (*bytes)(const uint8_t* from, int64_t from_step, uint8_t* to, int64_t to_step, int64_t height, int64_t width);
};

const TransposeKernels& transpose_kernels(Isa cap);

}  // namespace plumline
