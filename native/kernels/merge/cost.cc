#include "kernels/merge/cost.h"

#include <cmath>

namespace plumline {
namespace {

// Cycles of a Zen 4 core, measured, for 32 and for 64 bytes.
constexpr double kAddition[] = {0.5, 0.58};
constexpr double kLoad[] = {0.5, 1};
constexpr double kStore[] = {1, 2};

// Code up to this size stays in the second-level cache; beyond, it is fetched again for every position. Cycles a byte.
constexpr double kSecondLevel = 768 * 1024;
constexpr double kFarFetch = 1 / 12.0;

// What goes on side by side: the longest decides, and gets longer the more equal the others are.
double overlapped(double a, double b) { return std::sqrt(std::hypot(a * a, b * b)); }

}  // namespace

double merge_cost(const MergeUse& use) {
  const int wide = use.vector_bytes == 64;
  const auto count = [](int64_t n) { return static_cast<double>(n); };
  const double adding = kAddition[wide] * count(use.work.additions);
  const double moving = kLoad[wide] * count(use.work.loads) + kStore[wide] * count(use.work.stores);
  const double bytes = static_cast<double>(use.code_bytes);
  const double passes = wide ? 1 : 2;
  const double fetches = bytes > kSecondLevel ? passes : 1 / count(use.positions);
  return overlapped(passes * overlapped(adding, moving), kFarFetch * bytes * fetches);
}

}  // namespace plumline
