#pragma once

#include "kernels/conv/window.h"

namespace plumline {

constexpr int64_t kWordColumns = 32;  // columns of a plane in a word

struct LinearPlanes {
  // By block of `lanes` planes, by word of 32 columns, by plane. Planes and columns that fill up have no bits.
  const uint32_t* words;
  const int32_t* row_start;
  const float* coefficient;
  const float* total_coefficient;  // or null
};

// Lanes are planes. For every four inputs a table of the sums of all their subsets, which fits in one register (or two
// halves); a permutation looks it up for a whole vector of planes.
struct LinearPlanesKernel {
  const char* isa;
  int lanes;
  // Row `row` of the input by filters [first_filter, end_filter). Scratch, in floats: 128 for each word of a plane, one
  // for each plane and one for each filter, and 3 * lanes for what is rounded up.
  void (*run)(const Window&, const LinearPlanes&, const Finish&, const float* input, int64_t row, int64_t first_filter,
              int64_t end_filter, float* scratch);
};

#define PLUMLINE_KERNEL(space, isa)                     \
  namespace space {                                     \
  extern const LinearPlanesKernel linear_planes_kernel; \
  }
#include "kernels/linear_planes/kernels.inc"
#undef PLUMLINE_KERNEL

}  // namespace plumline
