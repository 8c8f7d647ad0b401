#pragma once

#include "kernels/depthwise/plan.h"

namespace plumline {

// Neighbouring channels of one image.
struct DepthwiseJob {
  int64_t image, channel, count;
};

// Convolutions of one channel a group: lanes are neighbouring pixels of an output row.
struct DepthwiseKernel {
  const char* isa;
  int lanes;
  // `weights` of the first filter of all; `offsets` of the plan.
  void (*run)(const DepthwisePlan&, const DepthwiseJob&, const float* input, const float* weights, const Finish&,
              const int64_t* offsets, float* copy);
};

#define PLUMLINE_KERNEL(space, isa)              \
  namespace space {                              \
  extern const DepthwiseKernel depthwise_kernel; \
  }
#include "kernels/depthwise/kernels.inc"
#undef PLUMLINE_KERNEL

}  // namespace plumline
