#pragma once

#include <cstdint>
#include <vector>

#include "kernels/summerge/graph.h"

namespace plumline {

// Everything below names rows of a work area, each a number for every pixel: row 0 is zeros, then come the rows of the
// panel that a part reads, then the results of its pairs, in their order.
struct SumMergePair {
  uint16_t a, b;
};

// So many accumulators that each take the same numbers of rows: those to add come first in its list.
struct SumMergeRun {
  int32_t accumulators;
  uint16_t added, subtracted;
};

// Tiles that are computed together, so that accumulators are loaded and stored once for all of them.
struct SumMergePart {
  int32_t first_row, end_row;                           // of the panel
  int64_t sums, differences, zeros, end_pairs;  // a + b in [sums, differences), a - b, a + 0 * b
  int64_t runs, end_runs;
  int64_t accumulators, operands;  // of its runs: where they begin
};

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
