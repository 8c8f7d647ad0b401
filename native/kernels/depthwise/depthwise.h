#pragma once

#include "kernels/conv/window.h"

namespace plumline {

// Convolutions of one channel a group: lanes are neighbouring pixels of an output row.
struct DepthwiseKernel {
  const char* isa;
  // One filter over one channel of an image; the filter counts from the first of all groups.
  void (*run)(const Window&, const float* channel, const float* weights, const Finish&, int64_t image, int64_t filter);
};

#define PLUMLINE_KERNEL(space, isa)              \
  namespace space {                              \
  extern const DepthwiseKernel depthwise_kernel; \
  }
#include "kernels/depthwise/kernels.inc"
#undef PLUMLINE_KERNEL

}  // namespace plumline
