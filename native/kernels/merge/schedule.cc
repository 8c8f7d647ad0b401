#include "kernels/merge/schedule.h"

#include <algorithm>

#include "kernels/merge/count.h"

namespace plumline {
namespace {

// Takes rows one by one: next comes the one of whose operands the group has the greatest part.
class Grouping {
 public:
  Grouping(const MergeProgram& program, RowGroup rows)
      : words_((program.columns + program.temporaries + 63) / 64), rows_(std::move(rows)) {
    operands_.resize(rows_.size() * static_cast<size_t>(words_));
    terms_.resize(rows_.size());
    for (size_t i = 0; i < rows_.size(); ++i) {
      const int64_t sum = program.temporaries + rows_[i];
      terms_[i] = program.start[sum + 1] - program.start[sum];
      for (int32_t k = program.start[sum]; k < program.start[sum + 1]; ++k) {
        const int operand = operand_of(program.terms[k]);
        operands_of(i)[operand / 64] |= uint64_t{1} << (operand % 64);
      }
    }
  }

  size_t left() const { return rows_.size(); }

  RowGroup take(size_t size) {
    RowGroup group;
    std::vector<uint64_t> own(static_cast<size_t>(words_));
    while (group.size() < size) {
      const size_t next = closest(own.data());
      group.push_back(rows_[next]);
      for (int64_t w = 0; w < words_; ++w) own[static_cast<size_t>(w)] |= operands_of(next)[w];
      remove(next);
    }
    std::sort(group.begin(), group.end());
    return group;
  }

 private:
  uint64_t* operands_of(size_t i) { return operands_.data() + i * static_cast<size_t>(words_); }

  size_t closest(const uint64_t* own) {
    size_t best = 0;
    int64_t best_shared = -1;
    for (size_t i = 0; i < rows_.size(); ++i) {
      const int64_t shared = kernel_.common(own, operands_of(i), words_);
      if (shared * terms_[best] <= best_shared * terms_[i]) continue;
      best_shared = shared;
      best = i;
    }
    return best;
  }

  void remove(size_t i) {
    std::copy_n(operands_of(rows_.size() - 1), words_, operands_of(i));
    terms_[i] = terms_[rows_.size() - 1];
    rows_[i] = rows_.back();
    rows_.pop_back();
  }

  const CountKernel& kernel_ = count_kernel();
  const int64_t words_;
  RowGroup rows_;
  std::vector<int64_t> terms_;      // of each row: how many
  std::vector<uint64_t> operands_;  // of each row, as bits
};

}  // namespace

std::vector<RowGroup> group_rows(const MergeProgram& program, const RowBlock& block, int64_t most) {
  RowGroup rows;
  for (int64_t plane = block.first_plane; plane < block.end_plane; ++plane)
    for (int64_t tap = block.first_tap; tap < block.end_tap; ++tap) rows.push_back(plane * program.taps + tap);
  Grouping grouping(program, std::move(rows));
  std::vector<RowGroup> groups;
  for (size_t wanted = (grouping.left() + static_cast<size_t>(most) - 1) / static_cast<size_t>(most); wanted > 0; --wanted)
    groups.push_back(grouping.take((grouping.left() + wanted - 1) / wanted));
  return groups;
}

}  // namespace plumline
