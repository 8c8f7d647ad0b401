#pragma once

#include "kernels/conv/window.h"

namespace plumline {

// One channel of one image with its padding around it, columns sorted by phase as in Window.
struct PaddedPlane {
  int64_t phase_width;  // enough that whole vectors of pixels can be read
  int64_t row_stride, rows;

  int64_t size() const { return rows * row_stride; }
};

// Convolutions of one channel a group: lanes are neighbouring pixels of an output row.
struct DepthwiseKernel {
  const char* isa;
  int lanes;
  // One filter over one plane; `taps` says where in the plane each tap is, from the place of the pixel.
  void (*run)(const Window&, const PaddedPlane&, const float* plane, const int64_t* taps, const float* weights,
              const Finish&, int64_t image, int64_t filter);
};

#define PLUMLINE_KERNEL(space, isa)              \
  namespace space {                              \
  extern const DepthwiseKernel depthwise_kernel; \
  }
#include "kernels/depthwise/kernels.inc"
#undef PLUMLINE_KERNEL

}  // namespace plumline
