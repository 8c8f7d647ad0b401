#pragma once

#include <cstdint>
#include <utility>
#include <vector>

namespace plumline {

constexpr int kMostSumMergeTile = 8;  // columns of a tile, so that a set of them is a byte

// How to compute the sums of several sets of the same few inputs. Operands are the inputs, then the additions.
struct MergedSums {
  std::vector<std::pair<int, int>> additions;  // of two operands before it
  std::vector<int> operand;                    // which one is the sum of each set
};

// By greedy merging: the pair of operands that most sets share is added once, again and again while at least two sets
// share one (among equals the pair of the lowest operands); what is left of each set is then added up for itself.
// The sets differ from each other and none is empty.
MergedSums merge_sums(const std::vector<uint8_t>& sets, int inputs);

}  // namespace plumline
