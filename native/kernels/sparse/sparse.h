#pragma once

#include "kernels/conv/window.h"

namespace plumline {

// Filters go two and two: where both have an entry in a column, they share the loads of its pixels.
struct SparseEntry {
  int32_t row;     // of the part of the panel that is packed
  float value[2];  // of either filter
};
struct SparseOne {  // the entries of a filter are equal
  int32_t row;
};

// The entries by group, part of the panel and pair of filters: those of the i-th of these that both filters have stand
// in [starts[3 * i], starts[3 * i + 1]), those of the first alone from there to starts[3 * i + 2], and those of the
// second alone from there to starts[3 * i + 3].
template <class Entry>
struct SparseWeights {
  const int32_t* starts;
  const Entry* entries;
  int64_t rows;              // of the panel in a part, but for the last
  const float* coefficient;  // of SparseOne: the value of all entries of a filter
};

// Walks the entries of two filters at a time over a panel of pixels.
struct SparseKernel {
  const char* isa;
  int lanes;
  int vectors;  // of pixels in a tile, at most
  void (*run)(const Window&, const Tile&, const Finish&, const float* source, const SparseWeights<SparseEntry>&,
              float* scratch);
  void (*run_ones)(const Window&, const Tile&, const Finish&, const float* source, const SparseWeights<SparseOne>&,
                   float* scratch);
};

#define PLUMLINE_KERNEL(space, isa)        \
  namespace space {                        \
  extern const SparseKernel sparse_kernel; \
  }
#include "kernels/sparse/kernels.inc"
#undef PLUMLINE_KERNEL

}  // namespace plumline
