#include "kernels/summerge/graph.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <unordered_map>

#include "core/error.h"
#include "kernels/summerge/merge_sums.h"

namespace plumline {
namespace {

// Columns of a tile, as bits: those under +value, -value and, where zeros are added up as well, 0 of an accumulator.
struct Word {
  uint8_t plus = 0, minus = 0, zero = 0;

  bool empty() const { return !(plus | minus | zero); }
  uint32_t key() const { return plus | uint32_t{minus} << 8 | uint32_t{zero} << 16; }
};

// The magnitudes of a filter, falling. A filter of zeros has none, or one of 0 where they are added up.
std::vector<float> magnitudes_of(const float* row, int64_t columns, int64_t filter, bool sparsity_support) {
  std::vector<float> found;
  int values = 0;
  float seen[kMostSumMergeValues];
  for (int64_t k = 0; k < columns; ++k) {
    const float value = row[k];
    if (value == 0 || std::find(seen, seen + values, value) != seen + values) continue;
    if (!std::isfinite(value)) throw Error("filter " + std::to_string(filter) + " has a weight that is not finite");
    if (values == kMostSumMergeValues)
      throw Error("filter " + std::to_string(filter) + " has more than " + std::to_string(kMostSumMergeValues) +
                  " different weights: too many to add up by value");
    seen[values++] = value;
    if (std::find(found.begin(), found.end(), std::fabs(value)) == found.end()) found.push_back(std::fabs(value));
  }
  std::sort(found.rbegin(), found.rend());
  if (found.empty() && !sparsity_support) found.push_back(0);
  return found;
}

class Builder {
 public:
  Builder(const float* weights, int64_t filters, int64_t columns, const SumMergeOptions& options)
      : weights_(weights), options_(options) {
    graph_.filters = filters;
    graph_.columns = columns;
    starts_.push_back(0);
    for (int64_t m = 0; m < filters; ++m) {
      const float* row = weights + m * columns;
      for (const float magnitude : magnitudes_of(row, columns, m, options.sparsity_support)) {
        const bool has_plus = std::find(row, row + columns, magnitude) != row + columns;
        graph_.accumulators.push_back({static_cast<int32_t>(m), has_plus ? magnitude : -magnitude});
      }
      starts_.push_back(static_cast<int32_t>(graph_.accumulators.size()));
    }
  }

  SumMergeGraph build() {
    for (int64_t first = 0; first < graph_.columns; first += options_.tile)
      graph_.tiles.push_back(tile_of(first, std::min(options_.tile, graph_.columns - first)));
    return std::move(graph_);
  }

 private:
  SumMergeTile tile_of(int64_t first, int64_t columns) {
    words_.assign(graph_.accumulators.size(), {});
    signs_.assign(words_.size(), 1);
    for (int64_t m = 0; m < graph_.filters; ++m) read_words(m, first, columns);
    for (size_t i = 0; i < words_.size(); ++i) settle_sign(words_[i], signs_[i]);
    SumMergeTile tile{first, columns, {}, {}};
    operand_.clear();
    add_sums(tile);
    add_differences(tile);
    add_zeros(tile);
    for (size_t i = 0; i < words_.size(); ++i)
      if (!words_[i].empty()) tile.uses.push_back({static_cast<int32_t>(i), operand_.at(words_[i].key()), signs_[i]});
    return tile;
  }

  void read_words(int64_t filter, int64_t first, int64_t columns) {
    const float* row = weights_ + filter * graph_.columns + first;
    const int32_t begin = starts_[filter], end = starts_[filter + 1];
    for (int64_t k = 0; k < columns; ++k) {
      const auto bit = static_cast<uint8_t>(1 << k);
      if (row[k] == 0) {
        if (!options_.sparsity_support) words_[begin].zero |= bit;
        continue;
      }
      int32_t at = begin;
      while (at + 1 < end && std::fabs(graph_.accumulators[at].value) != std::fabs(row[k])) ++at;
      (row[k] == graph_.accumulators[at].value ? words_[at].plus : words_[at].minus) |= bit;
    }
  }

  // A word and its negative are one, that which adds its first column.
  static void settle_sign(Word& word, int8_t& sign) {
    const unsigned minus = word.minus, lowest_of_minus = minus & (~minus + 1);
    if (minus == 0 || (word.plus & (lowest_of_minus - 1))) return;
    std::swap(word.plus, word.minus);
    sign = -1;
  }

  void add_sums(SumMergeTile& tile) {
    std::vector<uint8_t> sets;
    bool known[256] = {true};
    for (const Word& word : words_)
      for (const uint8_t set : {word.plus, word.minus, word.zero})
        if (!known[set]) {
          known[set] = true;
          sets.push_back(set);
        }
    const MergedSums merged = merge_sums(sets, static_cast<int>(tile.columns));
    for (const auto& [a, b] : merged.additions) tile.nodes.push_back({a, b, 1});
    for (size_t i = 0; i < sets.size(); ++i) operand_[Word{sets[i]}.key()] = merged.operand[i];
  }

  void add_differences(SumMergeTile& tile) {
    for (const Word& word : words_)
      if (word.minus) combine(tile, {word.plus, word.minus}, {word.plus}, word.minus, -1);
  }

  void add_zeros(SumMergeTile& tile) {
    for (const Word& word : words_)
      if (word.zero) combine(tile, word, {word.plus, word.minus}, word.zero, 0);
  }

  // The node of a word, from that of the word without a set and the sum of the set.
  void combine(SumMergeTile& tile, const Word& word, const Word& rest, uint8_t set, int8_t coefficient) {
    const auto made = static_cast<int32_t>(tile.columns + static_cast<int64_t>(tile.nodes.size()));
    if (!operand_.emplace(word.key(), made).second) return;
    tile.nodes.push_back({rest.empty() ? -1 : operand_.at(rest.key()), operand_.at(Word{set}.key()), coefficient});
  }

  const float* weights_;
  const SumMergeOptions options_;
  SumMergeGraph graph_;
  std::vector<int32_t> starts_;  // accumulators of each filter
  std::vector<Word> words_;      // of each accumulator, in a tile
  std::vector<int8_t> signs_;
  std::unordered_map<uint32_t, int32_t> operand_;  // of each word that has been computed
};

}  // namespace

void check(const SumMergeOptions& options) {
  if (options.tile < 1 || options.tile > kMostSumMergeTile)
    throw Error("a tile has 1 to " + std::to_string(kMostSumMergeTile) + " columns, not " +
                std::to_string(options.tile));
}

SumMergeGraph make_summerge_graph(const float* weights, int64_t filters, int64_t columns,
                                  const SumMergeOptions& options) {
  check(options);
  return Builder(weights, filters, columns, options).build();
}

SumMergeCounts SumMergeGraph::count(size_t tile) const {
  SumMergeCounts counts;
  for (const SumMergeNode& node : tiles[tile].nodes) {
    if (node.coefficient == 1) ++counts.sums;
    if (node.coefficient != 1 && node.a >= 0) ++counts.combinations;
    if (node.coefficient == 0) ++counts.multiplications;
  }
  counts.accumulations = static_cast<int64_t>(tiles[tile].uses.size());
  return counts;
}

SumMergeCounts SumMergeGraph::count() const {
  SumMergeCounts all;
  for (size_t i = 0; i < tiles.size(); ++i) {
    const SumMergeCounts part = count(i);
    all.sums += part.sums;
    all.combinations += part.combinations;
    all.accumulations += part.accumulations;
    all.multiplications += part.multiplications;
  }
  // Every accumulator is used; the first term of a filter is not added to anything, and each of its accumulators but one
  // is added to the others: all its terms but one are additions.
  int32_t last = -1;
  for (const SumMergeAccumulator& accumulator : accumulators) {
    all.accumulations -= accumulator.filter != last;
    last = accumulator.filter;
  }
  all.multiplications += static_cast<int64_t>(accumulators.size());
  return all;
}

void interpret(const SumMergeGraph& graph, const double* x, double* y) {
  std::vector<double> sums(graph.accumulators.size()), operands;
  for (const SumMergeTile& tile : graph.tiles) {
    operands.assign(x + tile.first, x + tile.first + tile.columns);
    for (const SumMergeNode& node : tile.nodes)
      operands.push_back((node.a < 0 ? 0 : operands[node.a]) + node.coefficient * operands[node.b]);
    for (const SumMergeUse& use : tile.uses) sums[use.accumulator] += use.sign * operands[use.operand];
  }
  std::fill(y, y + graph.filters, 0.0);
  for (size_t i = 0; i < sums.size(); ++i) y[graph.accumulators[i].filter] += graph.accumulators[i].value * sums[i];
}

}  // namespace plumline
