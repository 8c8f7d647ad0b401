#include "kernels/summerge/streams.h"

#include <algorithm>
#include <numeric>
#include <string>

#include "core/error.h"

namespace plumline {
namespace {

int64_t rows_of(const SumMergeTile& tile) { return tile.columns + static_cast<int64_t>(tile.nodes.size()); }

class Builder {
 public:
  Builder(const SumMergeGraph& graph, SumMergeStreams& to)
      : graph_(graph), to_(to), lists_(graph.accumulators.size()), order_(lists_.size()) {}

  void add_part(size_t begin, size_t end) {
    number_rows(begin, end);
    SumMergePart part{};
    part.first_row = static_cast<int32_t>(graph_.tiles[begin].first);
    part.end_row = static_cast<int32_t>(graph_.tiles[end - 1].first + graph_.tiles[end - 1].columns);
    part.sums = add_pairs(begin, end, 1);
    part.differences = add_pairs(begin, end, -1);
    part.zeros = add_pairs(begin, end, 0);
    part.end_pairs = static_cast<int64_t>(to_.pairs.size());
    part.runs = static_cast<int64_t>(to_.runs.size());
    part.accumulators = static_cast<int64_t>(to_.accumulators.size());
    part.operands = static_cast<int64_t>(to_.operands.size());
    add_runs(begin, end);
    part.end_runs = static_cast<int64_t>(to_.runs.size());
    to_.parts.push_back(part);
  }

 private:
  struct List {  // what a part gives to an accumulator
    std::vector<uint16_t> added, subtracted;
  };

  // Columns of all tiles first, then the nodes of all by coefficient, as add_pairs() goes through them.
  void number_rows(size_t begin, size_t end) {
    rows_.assign(end - begin, {});
    int64_t next = 1;
    const auto number = [&](size_t tile, size_t operand) { rows_[tile - begin][operand] = static_cast<uint16_t>(next++); };
    for (size_t t = begin; t < end; ++t) {
      const SumMergeTile& tile = graph_.tiles[t];
      rows_[t - begin].resize(static_cast<size_t>(rows_of(tile)));
      for (int64_t k = 0; k < tile.columns; ++k) number(t, static_cast<size_t>(k));
    }
    for (const int coefficient : {1, -1, 0})
      for (size_t t = begin; t < end; ++t)
        for (size_t i = 0; i < graph_.tiles[t].nodes.size(); ++i)
          if (graph_.tiles[t].nodes[i].coefficient == coefficient)
            number(t, static_cast<size_t>(graph_.tiles[t].columns) + i);
    if (next > 65536) throw Error("a tile has " + std::to_string(next) + " different sums: too many");
    to_.rows = std::max(to_.rows, next);
  }

  int64_t add_pairs(size_t begin, size_t end, int coefficient) {
    const auto first = static_cast<int64_t>(to_.pairs.size());
    for (size_t t = begin; t < end; ++t) {
      const std::vector<uint16_t>& row = rows_[t - begin];
      for (const SumMergeNode& node : graph_.tiles[t].nodes)
        if (node.coefficient == coefficient)
          to_.pairs.push_back({node.a < 0 ? uint16_t{0} : row[node.a], row[node.b]});
    }
    return first;
  }

  // Accumulators come by the lengths of their lists, so that a processor foresees where most of them end.
  void add_runs(size_t begin, size_t end) {
    for (List& list : lists_) list = {};
    for (size_t t = begin; t < end; ++t)
      for (const SumMergeUse& use : graph_.tiles[t].uses) {
        List& list = lists_[use.accumulator];
        (use.sign > 0 ? list.added : list.subtracted).push_back(rows_[t - begin][use.operand]);
      }
    std::iota(order_.begin(), order_.end(), 0);
    const auto lengths = [&](int32_t i) { return std::make_pair(lists_[i].added.size(), lists_[i].subtracted.size()); };
    std::stable_sort(order_.begin(), order_.end(), [&](int32_t i, int32_t j) { return lengths(i) < lengths(j); });
    auto last = std::make_pair(size_t{0}, size_t{0});  // accumulators without a row are left out
    for (const int32_t i : order_) {
      const auto length = lengths(i);
      if (length == std::make_pair(size_t{0}, size_t{0})) continue;
      if (length != last)
        to_.runs.push_back({0, static_cast<uint16_t>(length.first), static_cast<uint16_t>(length.second)});
      last = length;
      ++to_.runs.back().accumulators;
      to_.accumulators.push_back(i);
      to_.operands.insert(to_.operands.end(), lists_[i].added.begin(), lists_[i].added.end());
      to_.operands.insert(to_.operands.end(), lists_[i].subtracted.begin(), lists_[i].subtracted.end());
    }
  }

  const SumMergeGraph& graph_;
  SumMergeStreams& to_;
  std::vector<std::vector<uint16_t>> rows_;  // of the operands of each tile
  std::vector<List> lists_;
  std::vector<int32_t> order_;
};

}  // namespace

SumMergeStreams make_summerge_streams(const SumMergeGraph& graph, int64_t most_rows) {
  SumMergeStreams streams;
  Builder builder(graph, streams);
  for (size_t begin = 0, end; begin < graph.tiles.size(); begin = end) {
    int64_t rows = 1 + rows_of(graph.tiles[begin]);
    for (end = begin + 1; end < graph.tiles.size() && rows + rows_of(graph.tiles[end]) <= most_rows; ++end)
      rows += rows_of(graph.tiles[end]);
    builder.add_part(begin, end);
  }
  return streams;
}

}  // namespace plumline
