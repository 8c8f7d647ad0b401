#pragma once

#include "kernels/integer/layer.h"
#include "kernels/integer_tables/plan.h"

namespace plumline {

struct IntegerTablesWeights {
  const uint64_t* words;             // by group, chunk, kernel row, plane of the group, kernel column
  const int32_t* row_start;          // planes of each filter, over all groups
  const int32_t* coefficient;        // one a plane
  const int32_t* total_coefficient;  // one a filter, or null
  CentredCodes codes;                // of the input
  int32_t zero;                      // the zero point less the middle
};

// The method of kernels/shared_tables on int16: tables of the sums of all subsets of some channels, which all taps share.
struct IntegerTablesKernel {
  const char* isa;
  double slowness;  // measured, of what plan.h estimates
  void (*run)(const Window&, const IntegerTablesPlan&, const LaneBand&, const IntegerFinish&, const uint8_t* input,
              const IntegerTablesWeights&, void* output, std::byte* scratch);
};

#define PLUMLINE_KERNEL(space, isa)                       \
  namespace space {                                       \
  extern const IntegerTablesKernel integer_tables_kernel; \
  }
#include "kernels/integer_tables/kernels.inc"
#undef PLUMLINE_KERNEL

}  // namespace plumline
