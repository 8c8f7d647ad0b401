#pragma once

#include "kernels/merge/generate.h"

namespace plumline {

// What a planner compares: code, and how often each fetch of it is used.
struct MergeUse {
  MergeWork work;
  size_t code_bytes;
  int vector_bytes;
  int64_t positions;  // that one piece of code computes before another piece runs
};

// Estimated cycles for one position: 64 bytes of every channel and sum.
double merge_cost(const MergeUse& use);

}  // namespace plumline
