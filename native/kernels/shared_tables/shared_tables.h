#pragma once

#include "kernels/shared_tables/plan.h"

namespace plumline {

struct SharedTablesWeights {
  const uint64_t* words;           // by group, chunk of channels, kernel row, plane of the group, kernel column
  const int32_t* row_start;        // planes of each filter, over all groups
  const float* coefficient;        // one a plane
  const float* total_coefficient;  // one a filter, or null
};

// The "Four Russians" method with tables that all taps of a kernel share. A table holds the sums of all subsets of some
// neighbouring channels at one position. It is made once, and each tap of each plane adds the entry that its bits name
// to the sums of another position.
struct SharedTablesKernel {
  const char* isa;
  double slowness;  // measured, of what plan.h estimates
  void (*run)(const Window&, const SharedTablesPlan&, const Band&, const Finish&, const float* input,
              const SharedTablesWeights&, float* scratch);
};

#define PLUMLINE_KERNEL(space, isa)                     \
  namespace space {                                     \
  extern const SharedTablesKernel shared_tables_kernel; \
  }
#include "kernels/shared_tables/kernels.inc"
#undef PLUMLINE_KERNEL

}  // namespace plumline
