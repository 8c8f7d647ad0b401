#pragma once

#include <vector>

#include "kernels/merge/program.h"

namespace plumline {

// Some rows of a program: those of planes [first_plane, end_plane) and taps [first_tap, end_tap).
struct RowBlock {
  int64_t first_plane, end_plane, first_tap, end_tap;
};

// Rows whose sums generated code keeps in registers at the same time, so that an operand that several of them use is
// loaded once.
using RowGroup = std::vector<int64_t>;  // plane * taps + tap, increasing

// The rows of a block in as few groups of at most `most` rows as there can be, of about the same size; rows with many
// operands in common come together.
std::vector<RowGroup> group_rows(const MergeProgram& program, const RowBlock& block, int64_t most);

}  // namespace plumline
