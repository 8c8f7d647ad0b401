// The algorithm of every instruction set: see core/simd.h for how it is compiled.

#include "core/simd_math.h"
#include "kernels/reduce/reduce.h"

namespace plumline {
namespace PLUMLINE_ISA_NAMESPACE {

namespace {

// Four sums side by side hide the latency of an addition, and keep the rounding error of a long sum small.
float sum(const float* x, int64_t n) {
  constexpr int64_t kStep = F32::kLanes;
  F32 a = F32::set(0), b = a, c = a, d = a;
  int64_t i = 0;
  for (; i + 4 * kStep <= n; i += 4 * kStep) {
    a = a + F32::load(x + i);
    b = b + F32::load(x + i + kStep);
    c = c + F32::load(x + i + 2 * kStep);
    d = d + F32::load(x + i + 3 * kStep);
  }
  for (; i + kStep <= n; i += kStep) a = a + F32::load(x + i);
  if (i < n) b = b + load_first(x + i, n - i);
  return horizontal_sum((a + b) + (c + d));
}

void means(const float* x, float* y, int64_t rows, int64_t n) {
  for (int64_t row = 0; row < rows; ++row) y[row] = sum(x + row * n, n) / static_cast<float>(n);
}

void accumulate(const float* const* x, int64_t rows, float* y, int64_t n) {
  int64_t i = 0;
  if (rows == kReduceRows)
    for (; i + F32::kLanes <= n; i += F32::kLanes) {
      const F32 a = F32::load(x[0] + i) + F32::load(x[1] + i), b = F32::load(x[2] + i) + F32::load(x[3] + i);
      (F32::load(y + i) + (a + b)).store(y + i);
    }
  for (; i < n; i += F32::kLanes) {
    const bool whole = i + F32::kLanes <= n;
    const auto load = [&](const float* p) { return whole ? F32::load(p + i) : load_first(p + i, n - i); };
    F32 sum = load(y);
    for (int64_t row = 0; row < rows; ++row) sum = sum + load(x[row]);
    whole ? sum.store(y + i) : store_first(sum, y + i, n - i);
  }
}

void divide(float* y, float by, int64_t n) {
  const F32 divisor = F32::set(by);
  int64_t i = 0;
  for (; i + F32::kLanes <= n; i += F32::kLanes) (F32::load(y + i) / divisor).store(y + i);
  if (i < n) store_first(load_first(y + i, n - i) / divisor, y + i, n - i);
}

}  // namespace

extern const ReduceKernels kReduce;
const ReduceKernels kReduce = {PLUMLINE_ISA_NAME, sum, means, accumulate, divide};

}  // namespace PLUMLINE_ISA_NAMESPACE
}  // namespace plumline
