#pragma once

#include "kernels/integer_sub_images/work.h"

namespace plumline {

// How words and tables are made: see IntegerTables.
struct TableWords {
  const uint64_t* words;  // of the group: by chunk, tap, plane
  int64_t planes, taps;   // of the group
  int bits;               // channels of a table: 4 to 6
};

// Channels of a table. Larger ones save additions but cost more to make, and leave the first cache less room: planes
// must use them often.
inline int integer_table_bits(int64_t chunk, int64_t planes, int64_t taps) {
  if (chunk <= 32 || planes * taps < 300) return 4;
  return planes * taps < 1200 ? 5 : 6;
}

// The method of kernels/shared_tables on int16: tables of the sums of all subsets of some channels, which all taps share.
struct IntegerTablesKernel {
  const char* isa;
  double slowness;  // measured, of what is estimated
  void (*run)(const CodeWork&, const TableWords&);
};

#define PLUMLINE_KERNEL(space, isa)                       \
  namespace space {                                       \
  extern const IntegerTablesKernel integer_tables_kernel; \
  }
#include "kernels/integer_tables/kernels.inc"
#undef PLUMLINE_KERNEL

}  // namespace plumline
