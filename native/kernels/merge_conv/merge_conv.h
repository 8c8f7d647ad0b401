#pragma once

#include <cstddef>

#include "kernels/merge/call.h"
#include "kernels/sub_image_conv/plan.h"

namespace plumline {

constexpr int64_t kMaxMergeTaps = 64;  // of a kernel

// The programs of a group: those of each chunk of channels, for each place of a position in the strides, as not every
// tap reads it. A pass is for a chunk.
struct MergeCalls {
  const MergeCall* calls;  // (rows of the stride, columns of the stride, passes)
};

struct MergeConvKernel {
  const char* isa;
  void (*run)(const Window&, const SubImageConvPlan&, const Band&, const Finish&, const float* input,
              const MergeCalls&, const PlaneSums&, float* scratch);
};

#define PLUMLINE_KERNEL(space, isa)               \
  namespace space {                               \
  extern const MergeConvKernel merge_conv_kernel; \
  }
#include "kernels/merge_conv/kernels.inc"
#undef PLUMLINE_KERNEL

}  // namespace plumline
