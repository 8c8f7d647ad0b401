#include "kernels/merge/merge_pairs.h"

#include <algorithm>
#include <string>
#include <utility>

#include "core/error.h"
#include "kernels/merge/count.h"
#include "kernels/merge/inline_temporaries.h"

namespace plumline {
namespace {

int64_t lowest_one(uint64_t x) {
#if defined(__GNUC__)
  return __builtin_ctzll(x);
#else
  int64_t place = 0;
  while (!((x >> place) & 1)) ++place;
  return place;
#endif
}

struct Pair {
  uint32_t a, b;  // operands, a < b
  bool opposite;  // a - b, not a + b
};

// Which sums add and which subtract each operand, as rows of bits, and the pairs of operands in the order of how many
// sums they share.
class Merger {
 public:
  Merger(int64_t sums, int64_t columns, bool is_signed, const MergeBudget& budget)
      : words_((sums + 63) / 64),
        stride_(is_signed ? 2 * words_ : words_),
        is_signed_(is_signed),
        capacity_(columns + budget.most_temporaries),
        least_(static_cast<uint32_t>(std::max<int64_t>(budget.least_uses, 2))),
        columns_(columns),
        operands_(columns),
        bits_(static_cast<size_t>(capacity_ * stride_)),
        bounds_(static_cast<size_t>(capacity_ * capacity_)),
        queue_(static_cast<size_t>(sums) + 1) {}

  // The sign of a column in a sum; without branches, as nothing foretells them.
  void set(int64_t sum, int64_t column, int sign) {
    positive(column)[sum / 64] |= static_cast<uint64_t>(sign > 0) << (sum % 64);
    if (is_signed_) negative(column)[sum / 64] |= static_cast<uint64_t>(sign < 0) << (sum % 64);
  }

  std::vector<Pair> run() {
    for (uint32_t b = 0; b < columns_; ++b)
      for (uint32_t a = 0; a < b; ++a)
        for (const bool opposite : {false, true})
          if (is_signed_ || !opposite) offer({a, b, opposite}, count({a, b, opposite}));
    std::vector<Pair> merged;
    Pair pair;
    while (operands_ < capacity_ && take(pair)) {
      merge(pair);
      merged.push_back(pair);
    }
    return merged;
  }

  // The terms of each sum, in the order of the operands.
  void append_terms(int64_t sums, std::vector<std::vector<uint16_t>>& lists) const {
    const size_t before = lists.size();
    lists.resize(before + static_cast<size_t>(sums));
    for (size_t i = before; i < lists.size(); ++i) lists[i].reserve(16);
    for (int64_t operand = 0; operand < operands_; ++operand)
      for (int64_t word = 0; word < stride_; ++word)
        for (uint64_t bits = bits_[static_cast<size_t>(operand * stride_ + word)]; bits; bits &= bits - 1)
          lists[before + static_cast<size_t>(word % words_ * 64 + lowest_one(bits))].push_back(
              static_cast<uint16_t>(operand * 2 + word / words_));
  }

 private:
  uint64_t* positive(int64_t operand) { return bits_.data() + operand * stride_; }
  uint64_t* negative(int64_t operand) { return positive(operand) + words_; }

  // The most that the count of a pair can be: it was exact once, and counts only fall.
  uint32_t& bound(const Pair& p) {
    return bounds_[static_cast<size_t>(p.opposite ? p.b * capacity_ + p.a : p.a * capacity_ + p.b)];
  }
  uint32_t bound_of(uint32_t x, uint32_t y, bool opposite) { return bound({std::min(x, y), std::max(x, y), opposite}); }

  uint32_t count(const Pair& p) {
    if (!p.opposite) return static_cast<uint32_t>(kernel_.common(positive(p.a), positive(p.b), stride_));
    return static_cast<uint32_t>(kernel_.common(positive(p.a), negative(p.b), words_) +
                                 kernel_.common(negative(p.a), positive(p.b), words_));
  }

  void offer(const Pair& pair, uint32_t at_most) {
    bound(pair) = at_most;
    if (at_most < least_) return;
    queue_[at_most].push_back(pair);
    top_ = std::max(top_, at_most);
  }

  // The pair with the highest count. What is queued under a bound is counted when it comes up, and queued again.
  bool take(Pair& pair) {
    for (; top_ >= least_; --top_) {
      while (!queue_[top_].empty()) {
        pair = queue_[top_].back();
        queue_[top_].pop_back();
        const uint32_t exact = count(pair);
        if (exact == top_) return true;
        offer(pair, exact);
      }
    }
    return false;
  }

  // Gives the pair's sums a new operand in place of the two.
  void merge(const Pair& pair) {
    const uint32_t made = static_cast<uint32_t>(operands_++);
    uint64_t *a = positive(pair.a), *b = positive(pair.b), *sum = positive(made);
    for (int64_t i = 0; i < stride_; ++i) {
      // Where a is added and b subtracted, or the other way round, the signs of b's rows are swapped.
      const int64_t j = !pair.opposite ? i : i < words_ ? i + words_ : i - words_;
      sum[i] = a[i] & b[j];
      a[i] &= ~sum[i];
      b[j] &= ~sum[i];
    }
    const uint32_t uses = bound(pair);
    bound(pair) = 0;
    for (uint32_t x = 0; x < made; ++x) {
      for (const bool opposite : {false, true}) {
        if (x == pair.a || x == pair.b || (!is_signed_ && opposite)) continue;
        const uint32_t with_a = bound_of(pair.a, x, opposite);
        const uint32_t with_b = bound_of(pair.b, x, opposite != pair.opposite);
        offer({x, made, opposite}, std::min({uses, with_a, with_b}));
      }
    }
  }

  const CountKernel& kernel_ = count_kernel();
  const int64_t words_, stride_;
  const bool is_signed_;
  const int64_t capacity_;
  const uint32_t least_;
  const int64_t columns_;
  int64_t operands_;
  std::vector<uint64_t> bits_;
  std::vector<uint32_t> bounds_;
  std::vector<std::vector<Pair>> queue_;
  uint32_t top_ = 0;
};

// Rows that are shorter as the total minus what they lack: the sign of the total in them, or 0.
std::vector<int> complements(const SignMatrix& matrix, const MergeBudget& budget) {
  std::vector<int> signs(static_cast<size_t>(matrix.rows()));
  if (budget.most_temporaries == 0) return signs;  // nowhere to keep the total
  int64_t saved = 0;
  for (int64_t row = 0; row < matrix.rows(); ++row) {
    const int8_t* sign = matrix.signs + row * matrix.columns;
    const int64_t added = std::count(sign, sign + matrix.columns, int8_t{1});
    const int64_t subtracted = std::count(sign, sign + matrix.columns, int8_t{-1});
    const int64_t gain = added + subtracted - (matrix.columns - added - subtracted + 1);
    if ((added > 0 && subtracted > 0) || gain < 2) continue;
    signs[static_cast<size_t>(row)] = added > 0 ? 1 : -1;
    saved += gain;
  }
  if (saved <= matrix.columns) signs.assign(signs.size(), 0);  // the total itself would cost more
  return signs;
}

void check(const SignMatrix& matrix, const MergeBudget& budget) {
  const auto within = [](const char* what, int64_t value, int64_t least, int64_t most) {
    if (value < least || value > most)
      throw Error("a merge program cannot have " + std::to_string(value) + " " + what + ", only " +
                  std::to_string(least) + " to " + std::to_string(most));
  };
  within("planes", matrix.planes, 1, kMostMergeRows);
  within("taps", matrix.taps, 1, kMostMergeRows / matrix.planes);
  within("columns", matrix.columns, 1, kMostMergeColumns);
  within("temporaries", budget.most_temporaries, 0, kMostMergeTemporaries);
}

}  // namespace

MergeProgram merge_pairs(const SignMatrix& matrix, const MergeBudget& budget) {
  check(matrix, budget);
  const int64_t rows = matrix.rows(), columns = matrix.columns;
  const std::vector<int> total_sign = complements(matrix, budget);
  const bool has_total = std::any_of(total_sign.begin(), total_sign.end(), [](int sign) { return sign != 0; });
  const bool is_signed = has_total || std::count(matrix.signs, matrix.signs + rows * columns, int8_t{-1}) > 0;

  const int64_t sums = rows + has_total;
  Merger merger(sums, columns, is_signed, {budget.least_uses, budget.most_temporaries - has_total});
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t column = 0; column < columns; ++column)
      merger.set(row, column, matrix.signs[row * columns + column] - total_sign[static_cast<size_t>(row)]);
  for (int64_t column = 0; has_total && column < columns; ++column) merger.set(rows, column, 1);

  std::vector<std::vector<uint16_t>> lists;
  for (const Pair& pair : merger.run())
    lists.push_back({static_cast<uint16_t>(pair.a * 2), static_cast<uint16_t>(pair.b * 2 + pair.opposite)});
  const size_t merged = lists.size();
  merger.append_terms(sums, lists);
  if (has_total) {  // it was the last sum, and becomes the last temporary
    std::rotate(lists.begin() + static_cast<std::ptrdiff_t>(merged), lists.end() - 1, lists.end());
    const size_t total = static_cast<size_t>(columns) + merged;
    for (int64_t row = 0; row < rows; ++row)
      if (const int sign = total_sign[static_cast<size_t>(row)])
        lists[merged + 1 + static_cast<size_t>(row)].push_back(static_cast<uint16_t>(total * 2 + (sign < 0)));
  }
  MergeProgram program;
  program.planes = matrix.planes;
  program.taps = matrix.taps;
  program.columns = columns;
  program.temporaries = static_cast<int64_t>(merged) + has_total;
  return inline_temporaries(std::move(program), lists);
}

}  // namespace plumline
