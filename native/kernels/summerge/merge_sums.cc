#include "kernels/summerge/merge_sums.h"

#include <algorithm>
#include <queue>
#include <tuple>

namespace plumline {
namespace {

// At most 255 sets of at most 8 operands: each merge takes two operands and more from them, so there are few.
class Merger {
 public:
  Merger(const std::vector<uint8_t>& sets, int inputs) : inputs_(inputs), sets_(sets.size()) {
    for (int i = 0; i < inputs; ++i) add_operand();
    for (size_t s = 0; s < sets.size(); ++s) {
      for (int i = 0; i < inputs; ++i) {
        if (!(sets[s] >> i & 1)) continue;
        for (const int x : sets_[s]) ++count(x, i);
        enter(s, i);
      }
    }
    for (int b = 1; b < inputs; ++b) offer_pairs(b);
  }

  MergedSums run() {
    for (Pair best; take(best);) merge(best.a, best.b);
    MergedSums merged;
    for (const std::vector<int>& set : sets_) {
      int sum = set.front();
      for (size_t i = 1; i < set.size(); ++i) sum = add(sum, set[i]);
      merged.operand.push_back(sum);
    }
    merged.additions = std::move(additions_);
    return merged;
  }

 private:
  struct Pair {
    int uses, a, b;  // a < b
    bool operator<(const Pair& other) const {  // whether it comes later
      return std::make_tuple(uses, -a, -b) < std::make_tuple(other.uses, -other.a, -other.b);
    }
  };

  int& count(int x, int y) { return counts_[std::max(x, y)][std::min(x, y)]; }  // of the sets that hold both

  void add_operand() {
    counts_.emplace_back(counts_.size(), 0);
    holders_.emplace_back();
  }

  int add(int a, int b) {
    additions_.emplace_back(a, b);
    return inputs_ + static_cast<int>(additions_.size()) - 1;
  }

  void enter(size_t set, int operand) {
    sets_[set].push_back(operand);
    holders_[operand].push_back(set);
  }

  void offer_pairs(int b) {
    for (int a = 0; a < b; ++a)
      if (count(a, b) >= 2) queue_.push({count(a, b), a, b});
  }

  // The pair that most sets share. Counts of queued pairs may have fallen since; they are queued again.
  bool take(Pair& best) {
    while (!queue_.empty()) {
      best = queue_.top();
      queue_.pop();
      const int uses = count(best.a, best.b);
      if (uses == best.uses) return true;
      if (uses >= 2) queue_.push({uses, best.a, best.b});
    }
    return false;
  }

  void merge(int a, int b) {
    const int made = add(a, b);
    add_operand();
    for (const size_t s : holders_[a]) {  // or which held it once
      std::vector<int>& set = sets_[s];
      const auto at_a = std::find(set.begin(), set.end(), a), at_b = std::find(set.begin(), set.end(), b);
      if (at_a == set.end() || at_b == set.end()) continue;
      set.erase(std::max(at_a, at_b));
      set.erase(std::min(at_a, at_b));
      for (const int x : set) {
        --count(a, x);
        --count(b, x);
        ++count(made, x);
      }
      enter(s, made);
    }
    count(a, b) = 0;
    offer_pairs(made);
  }

  const int inputs_;
  std::vector<std::vector<int>> sets_;        // the operands that are still to be added up
  std::vector<std::vector<size_t>> holders_;  // the sets that an operand was put into
  std::vector<std::vector<int>> counts_;
  std::priority_queue<Pair> queue_;
  std::vector<std::pair<int, int>> additions_;
};

}  // namespace

MergedSums merge_sums(const std::vector<uint8_t>& sets, int inputs) { return Merger(sets, inputs).run(); }

}  // namespace plumline
