#include "kernels/merge/cost.h"

#include <algorithm>

namespace plumline {
namespace {

// Cycles, measured on a Zen 4 core: of vectors with a code that is fetched from the second-level cache. A load, store
// or addition of 64 bytes takes as long as two of 32 there. What takes longest decides; the rest goes on beside it.
constexpr double kAddition[] = {0.5, 0.72};
constexpr double kLoad[] = {0.5, 1};
constexpr double kStore[] = {1, 2};
constexpr double kFetched = 1 / 15.5;  // a byte of code from the second-level cache

// Code that this does not hold comes from further away, once for all positions or, when it is too long, for each.
constexpr double kSecondLevel = 512 * 1024;
constexpr double kFetchedFar = 1 / 6.0;

}  // namespace

double merge_cost(const MergeUse& use) {
  const int wide = use.vector_bytes == 64;
  const int passes = wide ? 1 : 2;
  const auto count = [](int64_t n) { return static_cast<double>(n); };
  const double bytes = static_cast<double>(use.code_bytes);
  const double moving = kLoad[wide] * count(use.work.loads) + kStore[wide] * count(use.work.stores);
  const double adding = kAddition[wide] * count(use.work.additions);
  const double running = passes * std::max({moving, adding, kFetched * bytes});
  const double fetching = kFetchedFar * bytes * (bytes > kSecondLevel ? passes : 1 / count(use.positions));
  return bytes > kSecondLevel ? std::max(running, fetching) : running + fetching;
}

}  // namespace plumline
