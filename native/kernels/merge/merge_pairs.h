#pragma once

#include "kernels/merge/program.h"

namespace plumline {

// When to stop merging. Fewest additions is not fastest: temporaries are stored and loaded again, and those that leave
// the first-level cache make every use of them slower.
struct MergeBudget {
  int64_t least_uses;         // a pair of operands that fewer sums share is not worth a temporary
  int64_t most_temporaries;
};

// A program for a matrix, by greedy merging: the pair of operands, added or subtracted, that most sums have in common
// becomes a temporary, until the budget is reached. A row with more than half of its signs equal is computed as the
// total of all channels minus what is missing, where that is shorter. The same matrix and budget always give the same
// program. Throws Error for sizes beyond the limits of program.h.
MergeProgram merge_pairs(const SignMatrix& matrix, const MergeBudget& budget);

}  // namespace plumline
