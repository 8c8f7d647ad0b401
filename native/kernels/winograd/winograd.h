#pragma once

#include "kernels/winograd/plan.h"

namespace plumline {

// Some squares of a band by some vectors of filters of one group.
struct WinogradJob {
  int64_t group;
  int64_t first_row;            // of the band
  int64_t first_square, squares;  // counted in the band
  int64_t filter, vectors;      // at most WinogradPlan::kVectors
};

struct WinogradKernel {
  const char* isa;
  int lanes;
  // Row `row` of squares of one channel: squares [0, across) at each place, `plan.place_stride()` apart.
  void (*transform)(const WinogradPlan&, int64_t row, const float* channel, float* transformed);
  // `weights` of the job's first filter: vector of filters, place, channel, filter. `offsets`: of the channels.
  void (*multiply)(const WinogradPlan&, const WinogradJob&, const Finish&, const float* transformed,
                   const float* weights, const int64_t* offsets, float* scratch);
};

#define PLUMLINE_KERNEL(space, isa)            \
  namespace space {                            \
  extern const WinogradKernel winograd_kernel; \
  }
#include "kernels/winograd/kernels.inc"
#undef PLUMLINE_KERNEL

}  // namespace plumline
