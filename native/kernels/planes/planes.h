#pragma once

#include "kernels/conv/window.h"

namespace plumline {

constexpr int64_t kPlaneRows = 64;  // of the panel at a time: a word of each plane

struct PlaneWeights {
  const uint64_t* words;     // by group, by part of the panel, by plane of the group
  const int32_t* row_start;  // planes of each filter, over all groups
  const float* coefficient;  // one a plane
  const float* total_coefficient;  // one a filter, or null
};

// For every four rows of a panel, a table of the sums of all their subsets (the "Four Russians" method); a filter adds
// one entry of each table, which four of its bits name.
struct PlanesKernel {
  const char* isa;
  int lanes;
  int vectors;  // of pixels in a tile, at most
  // Measured cost of a table and of an entry that is added, where a filter of the dense kernel costs 4 for four rows.
  double table_cost, entry_cost;
  void (*run)(const Window&, const Tile&, const Finish&, const float* source, const PlaneWeights&, float* scratch);
};

#define PLUMLINE_KERNEL(space, isa)        \
  namespace space {                        \
  extern const PlanesKernel planes_kernel; \
  }
#include "kernels/planes/kernels.inc"
#undef PLUMLINE_KERNEL

}  // namespace plumline
