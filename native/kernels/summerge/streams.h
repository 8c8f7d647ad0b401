#pragma once

#include <vector>

#include "kernels/summerge/graph.h"
#include "kernels/summerge/summerge.h"

namespace plumline {

// A graph in the order in which a kernel goes through it.
struct SumMergeStreams {
  std::vector<SumMergePart> parts;
  std::vector<SumMergePair> pairs;
  std::vector<SumMergeRun> runs;
  std::vector<int32_t> accumulators;
  std::vector<uint16_t> operands;
  int64_t rows = 0;  // of the work area
};

// Parts fill the work area up to `most_rows`, or are one tile. Throws Error for a tile beyond the reach of 16 bits.
SumMergeStreams make_summerge_streams(const SumMergeGraph& graph, int64_t most_rows);

}  // namespace plumline
