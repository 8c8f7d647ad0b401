#pragma once

#include <cstddef>

#include "kernels/sub_image_conv/plan.h"

namespace plumline {

constexpr int64_t kMaxMergeTaps = 64;  // of a kernel

// A merge program of some channels (kernels/merge/code.h), as plain data for the files of one instruction set.
struct MergeCall {
  int64_t first_channel;
  const void* code;
  // Adds planes [first, end) at one position, as MergeCode::run().
  void (*run)(const void* code, const std::byte* channels, std::byte* temporaries, std::byte* const* sums,
              int64_t first, int64_t end);
};

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
