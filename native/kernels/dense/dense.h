#pragma once

#include "kernels/conv/window.h"
#include "kernels/dense/direct_plan.h"

namespace plumline {

// Both kernels read the same weights: group by group, vector of filters by vector, filled up with zeros, column by
// column. So what a sum adds up, and in which order, does not depend on the kernel.
struct DenseKernel {
  const char* isa;
  int lanes;

  // Multiplies a panel of pixels by blocks of filters whose sums stay in registers (panels.inl).
  int vectors;      // of pixels in a tile, at most
  int64_t filters;  // in a block; divides `lanes`
  int64_t rows;     // of the panel at a time: what fits in the first cache with a block of weights
  void (*run_panels)(const Window&, const Tile&, const Finish&, const float* source, const float* weights,
                     float* scratch);

  // Reads the image itself (direct.inl).
  BlockSize wide, narrow;
  void (*run_direct)(const DirectPlan&, const Rectangle&, const Finish&, const float* input, const float* weights,
                     const int64_t* offsets, const DirectScratch&);
};

#define PLUMLINE_KERNEL(space, isa)      \
  namespace space {                      \
  extern const DenseKernel dense_kernel; \
  }
#include "kernels/dense/kernels.inc"
#undef PLUMLINE_KERNEL

}  // namespace plumline
