#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace plumline {

constexpr int kMostSumMergeValues = 16;  // different ones, zero apart, of a filter

struct SumMergeOptions {
  int64_t tile;           // columns, 1 to kMostSumMergeTile
  bool sparsity_support;  // whether zero weights are left out; else their inputs are added up like those of any value
};

void check(const SumMergeOptions& options);  // throws Error for a tile beyond the limits

// The sum of a filter's inputs under the weights +value, less that under -value: one for each magnitude in a filter.
struct SumMergeAccumulator {
  int32_t filter;
  float value;
};

// `a` + `coefficient` * `b`; a coefficient of 0 is the factor of the inputs under zero weights. Operands of a tile are
// its columns, then its nodes; -1 is nothing, as `a` alone.
struct SumMergeNode {
  int32_t a, b;
  int8_t coefficient;  // 1, -1 or 0
};

// What a tile gives to an accumulator: sign * operand.
struct SumMergeUse {
  int32_t accumulator, operand;
  int8_t sign;
};

// The nodes come in the order of their coefficients 1, -1, 0: sums of the inputs under one value of a filter, greedily
// merged across all filters (see merge_sums.h); differences of two of those; those with a zero group.
struct SumMergeTile {
  int64_t first, columns;
  std::vector<SumMergeNode> nodes;
  std::vector<SumMergeUse> uses;  // by accumulator, at most one each
};

// Arithmetic for one position of the output: what executing the graph takes.
struct SumMergeCounts {
  int64_t sums = 0;           // additions of inputs
  int64_t combinations = 0;   // additions of sums under different values
  int64_t accumulations = 0;  // additions of what tiles give, and of what the accumulators of a filter do
  int64_t multiplications = 0;  // by values of accumulators, and by zero

  int64_t additions() const { return sums + combinations + accumulations; }
};

// A matrix as a data-flow graph for each tile of its columns, in the manner of SumMerge (Prabhakar, Kuhar et al., ICS
// 2021), as far as its abstract and PLUM describe it: a filter's inputs are added up by the value of their weights,
// filters share these sums and what is combined of them, and the values are multiplied last.
struct SumMergeGraph {
  int64_t filters = 0, columns = 0;
  std::vector<SumMergeAccumulator> accumulators;  // by filter
  std::vector<SumMergeTile> tiles;

  SumMergeCounts count() const;
  SumMergeCounts count(size_t tile) const;  // `accumulations` without what is saved by a first one
};

// Of a matrix with a row of `columns` weights for each filter. Throws Error for weights that are not finite, filters with
// too many values, and tiles beyond the limit. Equal arguments always give equal graphs.
SumMergeGraph make_summerge_graph(const float* weights, int64_t filters, int64_t columns,
                                  const SumMergeOptions& options);

// y = W x, by the graph: what kernels are tested against.
void interpret(const SumMergeGraph& graph, const double* x, double* y);

}  // namespace plumline
