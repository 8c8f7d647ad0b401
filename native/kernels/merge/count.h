#pragma once

#include <cstdint>

namespace plumline {

// Counting ones is an instruction that not every x86-64 processor has, so it stands in files of their own.
struct CountKernel {
  // How many ones two lists of words have in common.
  int64_t (*common)(const uint64_t* a, const uint64_t* b, int64_t words);
};

const CountKernel& count_kernel();  // the best of this machine: all of them count the same

#define PLUMLINE_KERNEL(space, isa) \
  namespace space {                 \
  extern const CountKernel kCount;  \
  }
#include "kernels/merge/kernels.inc"
#undef PLUMLINE_KERNEL

}  // namespace plumline
