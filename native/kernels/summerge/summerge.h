#pragma once

#include "kernels/conv/window.h"

namespace plumline {

// Operands are rows of a work area, each a number for every pixel: row 0 is zeros, then come the rows of the panel
// that a part reads, then the results of its pairs, in their order.
struct SumMergePair {
  uint16_t a, b;
};

// So many accumulators that each take the same numbers of rows: those to add come first in its list.
struct SumMergeRun {
  int32_t accumulators;
  uint16_t added, subtracted;
};

// Tiles that are computed together, so that accumulators are loaded and stored once for all of them.
struct SumMergePart {
  int32_t first_row, end_row;                   // of the panel
  int64_t sums, differences, zeros, end_pairs;  // a + b in [sums, differences), a - b, a + 0 * b
  int64_t runs, end_runs;
  int64_t accumulators, operands;  // of its runs: where they begin
};

// A group of a convolution; the arrays are those of SumMergeStreams.
struct SumMergeProgram {
  const SumMergePart *parts, *end_parts;
  const SumMergePair* pairs;
  const SumMergeRun* runs;
  const int32_t* accumulators;
  const uint16_t* operands;
  int64_t rows;              // of the work area
  const int32_t* row_start;  // accumulators of each filter
  const float* value;        // of each accumulator
};

// Interprets a graph on a panel of pixels: a node is an addition of vectors.
struct SumMergeKernel {
  const char* isa;
  int lanes;
  int vectors;  // of pixels in a tile, at most
  void (*run)(const Window&, const Tile&, const Finish&, const float* source, const SumMergeProgram&, float* scratch);
};

#define PLUMLINE_KERNEL(space, isa)            \
  namespace space {                            \
  extern const SumMergeKernel summerge_kernel; \
  }
#include "kernels/summerge/kernels.inc"
#undef PLUMLINE_KERNEL

}  // namespace plumline
