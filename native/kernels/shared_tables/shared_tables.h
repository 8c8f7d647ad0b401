#pragma once

#include "kernels/sub_image_conv/plan.h"

namespace plumline {

// The "Four Russians" method with tables that all taps of a kernel share. A table holds the sums of all subsets of some
// neighbouring channels at one position. It is made once, and each tap of each plane adds the entry that its bits name
// to the sums of another position.

constexpr int64_t kChunkChannels = 64;  // whose tables are made at a time: a word of each plane and tap
constexpr int kMaxFolds = 3;

// Channels of a table. Larger ones save additions but cost more to make: planes must use them often.
inline int shared_table_bits(int64_t channels, int64_t taps, int64_t planes) {
  return channels > kChunkChannels / 2 && planes * taps >= 400 ? 5 : 4;
}

// What the shapes and the number of planes decide about the tables.
struct SharedTablesPlan {
  int bits;            // channels of a table: 4 or 5
  int folds;           // taps of a kernel row that are added at a time: all kMaxFolds of them, or 1
  int64_t table_size;  // the tables of a position, at most a chunk of them, in numbers

  SharedTablesPlan(const Window& window, int64_t planes);  // most planes of a group
  AdderNeeds needs(const Window& window) const;
};

struct SharedTablesWeights {
  const uint64_t* words;  // by group, chunk of channels, kernel row, plane of the group, kernel column
  PlaneSums sums;
};

struct SharedTablesKernel {
  const char* isa;
  double slowness;  // measured, of what plan.cc estimates
  void (*run)(const Window&, const SubImageConvPlan&, const SharedTablesPlan&, const Band&, const Finish&,
              const float* input, const SharedTablesWeights&, float* scratch);
};

#define PLUMLINE_KERNEL(space, isa)                     \
  namespace space {                                     \
  extern const SharedTablesKernel shared_tables_kernel; \
  }
#include "kernels/shared_tables/kernels.inc"
#undef PLUMLINE_KERNEL

}  // namespace plumline
