#pragma once

#include "kernels/integer/layer.h"
#include "kernels/integer_merge/plan.h"
#include "kernels/merge/call.h"

namespace plumline {

constexpr int64_t kMostIntegerMergeTaps = 64;  // of a kernel

// The planes of a group, as rows of signs.
struct IntegerMergeWeights {
  const MergeCall* calls;      // one a chunk of channels
  int64_t chunks, planes;
  const int16_t* less;         // (chunks, planes): what the sums of a chunk begin with
  const int32_t* row_start;    // planes of each filter, over all groups
  const int32_t* coefficient;  // one a plane, over all groups
  int64_t band_filters;        // that are added up before others are begun
  CentredCodes codes;          // of the input; the middle is the zero point
};

// Sums of codes less the zero point by merge programs (kernels/merge) of int16.
struct IntegerMergeKernel {
  const char* isa;
  void (*run)(const Window&, const IntegerMergePlan&, const MergeBand&, const IntegerFinish&, const uint8_t* input,
              const IntegerMergeWeights&, void* output, std::byte* scratch);
};

#define PLUMLINE_KERNEL(space, isa)                     \
  namespace space {                                     \
  extern const IntegerMergeKernel integer_merge_kernel; \
  }
#include "kernels/integer_merge/kernels.inc"
#undef PLUMLINE_KERNEL

}  // namespace plumline
