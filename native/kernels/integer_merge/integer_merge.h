#pragma once

#include "kernels/integer_sub_images/work.h"
#include "kernels/merge/call.h"

namespace plumline {

// Sums of codes less the zero point by merge programs (kernels/merge) of int16.
struct IntegerMergeKernel {
  const char* isa;
  // `calls`: those of the group, (rows and columns of the strides, chunks).
  void (*run)(const CodeWork&, const MergeCall* calls);
};

#define PLUMLINE_KERNEL(space, isa)                     \
  namespace space {                                     \
  extern const IntegerMergeKernel integer_merge_kernel; \
  }
#include "kernels/integer_merge/kernels.inc"
#undef PLUMLINE_KERNEL

}  // namespace plumline
