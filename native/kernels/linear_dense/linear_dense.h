#pragma once

#include "kernels/conv/window.h"

namespace plumline {

// Lanes are filters: the weights are packed in panels of `vectors` vectors of filters, one vector of them a column,
// the last panel in as few vectors as it needs, and each input is multiplied with a row of the panel.
struct LinearDenseKernel {
  const char* isa;
  int lanes;
  int vectors;   // of filters in a panel, at most
  int64_t rows;  // of the input that one pass over a panel serves
  // Rows [first_row, end_row) of the input by the panel that starts at `filter`.
  void (*run)(const Window&, const Finish&, const float* input, const float* panel, int64_t filter, int64_t first_row,
              int64_t end_row);
};

#define PLUMLINE_KERNEL(space, isa)                   \
  namespace space {                                   \
  extern const LinearDenseKernel linear_dense_kernel; \
  }
#include "kernels/linear_dense/kernels.inc"
#undef PLUMLINE_KERNEL

}  // namespace plumline
