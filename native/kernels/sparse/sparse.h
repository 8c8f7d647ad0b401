#pragma once

#include "kernels/conv/window.h"

namespace plumline {

struct SparseEntry {
  int32_t row;  // of the part of the panel that is packed
  float value;
};

// Entries of the filters, by group, part of the panel and filter: those of the i-th of these stand in
// [starts[i], starts[i + 1]).
struct SparseWeights {
  const int32_t* starts;
  const SparseEntry* entries;
};

// Walks the entries of one filter at a time over a panel of pixels.
struct SparseKernel {
  const char* isa;
  int lanes;
  int vectors;   // of pixels in a tile, at most
  int64_t rows;  // of the panel at a time
  void (*run)(const Window&, const Tile&, const Finish&, const float* source, const SparseWeights&, float* scratch);
};

#define PLUMLINE_KERNEL(space, isa)        \
  namespace space {                        \
  extern const SparseKernel sparse_kernel; \
  }
#include "kernels/sparse/kernels.inc"
#undef PLUMLINE_KERNEL

}  // namespace plumline
