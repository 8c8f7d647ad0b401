#pragma once

#include "kernels/integer/layer.h"

namespace plumline {

// Multiplies rows of codes by a matrix: lanes are filters. A panel is `vectors` vectors of filters, for all columns.
struct IntegerLinearKernel {
  const char* isa;
  int lanes;
  int depth;  // columns in a lane
  int vectors;
  int64_t rows;  // that are multiplied at a time
  int32_t (*zero)(const Codes&);
  // Rows of codes to lanes, filled up with zeros.
  void (*pack)(const Codes&, const uint8_t* row, int64_t columns, void* to);
  // Rows [row, end) by one panel, whose first filter is `filter`; `lanes` of columns. `finish` begins with the first
  // filter of all, and has numbers for every lane of the last panel.
  void (*run)(const IntegerFinish& finish, const void* rows, const void* panel, int64_t lanes, int64_t filters,
              int64_t filter, int64_t row, int64_t end, void* output);
};

#define PLUMLINE_KERNEL(space, isa)                       \
  namespace space {                                       \
  extern const IntegerLinearKernel integer_linear_kernel; \
  }
#include "kernels/integer/kernels.inc"
#undef PLUMLINE_KERNEL

}  // namespace plumline
