#include "kernels/merge/inline_temporaries.h"

#include <algorithm>

namespace plumline {
namespace {

using Terms = std::vector<uint16_t>;

// Two uses of a pair load four operands, as making, storing and loading it twice would; so a third use has to pay.
constexpr int64_t kRareUses = 2;

std::vector<bool> rarely_used(const MergeProgram& sizes, const std::vector<Terms>& lists) {
  std::vector<int64_t> uses(static_cast<size_t>(sizes.columns + sizes.temporaries));
  for (const Terms& terms : lists)
    for (const uint16_t term : terms) ++uses[static_cast<size_t>(operand_of(term))];
  // From the last on: whoever uses a temporary that goes uses its operands from then on.
  std::vector<bool> rare(static_cast<size_t>(sizes.temporaries));
  for (size_t i = rare.size(); i-- > 0;) {
    const int64_t count = uses[static_cast<size_t>(sizes.columns) + i];
    rare[i] = count <= kRareUses && lists[i].size() == 2;
    if (rare[i])
      for (const uint16_t term : lists[i]) uses[static_cast<size_t>(operand_of(term))] += count - 1;
  }
  return rare;
}

}  // namespace

MergeProgram inline_temporaries(MergeProgram program, const std::vector<Terms>& lists) {
  const std::vector<bool> rare = rarely_used(program, lists);
  const int64_t columns = program.columns;
  std::vector<Terms> replaced(rare.size());  // what stands for a temporary: its new number, or its terms
  int64_t kept = 0;
  program.start.push_back(0);
  for (size_t i = 0; i < lists.size(); ++i) {
    Terms terms;
    for (const uint16_t term : lists[i]) {
      if (operand_of(term) < columns) {
        terms.push_back(term);
        continue;
      }
      for (const uint16_t part : replaced[static_cast<size_t>(operand_of(term) - columns)])
        terms.push_back(static_cast<uint16_t>(part ^ (term & 1)));
    }
    // A temporary begins with what is added; otherwise in the order of operands, as code takes them.
    std::sort(terms.begin(), terms.end());
    if (i < rare.size()) {
      std::stable_partition(terms.begin(), terms.end(), [](uint16_t term) { return !is_subtracted(term); });
      if (rare[i]) {
        replaced[i] = terms;
        continue;
      }
      replaced[i] = {static_cast<uint16_t>((columns + kept++) * 2)};
    }
    program.terms.insert(program.terms.end(), terms.begin(), terms.end());
    program.start.push_back(static_cast<int32_t>(program.terms.size()));
  }
  program.temporaries = kept;
  return program;
}

}  // namespace plumline
