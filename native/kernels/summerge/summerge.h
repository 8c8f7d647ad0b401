#pragma once

#include "kernels/conv/window.h"
#include "kernels/summerge/streams.h"

namespace plumline {

// A group of a convolution.
struct SumMergeProgram {
  const SumMergePart *parts, *end_parts;
  const SumMergePair* pairs;
  const SumMergeRun* runs;
  const int32_t* accumulators;
  const uint16_t* operands;
  int64_t rows;               // of the work area
  const int32_t* row_start;   // accumulators of each filter
  const float* value;         // of each accumulator
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
