#pragma once

#include "kernels/conv/window.h"

namespace plumline {

// Multiplies a panel of pixels by blocks of filters whose sums stay in registers.
struct DenseKernel {
  const char* isa;
  int lanes;
  int vectors;      // of pixels in a tile, at most
  int64_t filters;  // in a block
  int64_t rows;     // of the panel at a time: what fits in the first cache with a block of weights
  void (*run)(const Window&, const Tile&, const Finish&, const float* source, const float* weights, float* scratch);
};

#define PLUMLINE_KERNEL(space, isa)      \
  namespace space {                      \
  extern const DenseKernel dense_kernel; \
  }
#include "kernels/dense/kernels.inc"
#undef PLUMLINE_KERNEL

}  // namespace plumline
