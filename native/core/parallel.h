#pragma once

#include <algorithm>

#include "core/thread_pool.h"

namespace plumline {

// Numbers that one job should handle at least, so that handing it out costs little beside it.
constexpr int64_t kGrain = 16384;

// Calls function(begin, end) for stretches that cover [0, n), each of at least `grain` but the last.
template <class Function>
void parallel_stretches(ThreadPool& pool, int64_t n, int64_t grain, Function&& function) {
  const int64_t jobs = std::min<int64_t>((n + grain - 1) / grain, int64_t{4} * pool.threads());
  if (jobs <= 1) {
    if (n > 0) function(int64_t{0}, n);
    return;
  }
  pool.parallel_for(jobs, [&](int64_t job, int) { function(n * job / jobs, n * (job + 1) / jobs); });
}

}  // namespace plumline
