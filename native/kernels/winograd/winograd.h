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
  // One vector of filters at one row of places: their `channels` kernels stand one after the other in `weights`, a vector
  // a tap. The vector of channel c at the row's place j goes to to[j * step + c * lanes].
  void (*transform_weights)(const float* weights, int64_t channels, int64_t row, float* to, int64_t step);
  // `weights` of the job's first filter: where the plan keeps them transformed, by vector of filters, place, channel,
  // filter, otherwise by vector of filters, channel, tap, filter. `offsets`: of the channels.
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
