// The algorithm of every instruction set: see core/simd.h for how it is compiled.

#include "core/simd_math.h"
#include "kernels/softmax/softmax.h"

namespace plumline {
namespace PLUMLINE_ISA_NAMESPACE {

namespace {

float largest_of(const float* x, int64_t n) {
  if (n < F32::kLanes) {
    float largest = x[0];
    for (int64_t i = 1; i < n; ++i) largest = largest > x[i] ? largest : x[i];
    return largest;
  }
  F32 largest = F32::load(x + n - F32::kLanes);  // the rest, and some that the loop sees again
  for (int64_t i = 0; i + F32::kLanes <= n; i += F32::kLanes) largest = max(largest, F32::load(x + i));
  return horizontal_max(largest);
}

void row(const float* x, float* y, int64_t n) {
  const F32 largest = F32::set(largest_of(x, n));
  F32 sum = F32::set(0);
  int64_t i = 0;
  for (; i + F32::kLanes <= n; i += F32::kLanes) {
    const F32 e = exp(F32::load(x + i) - largest);
    e.store(y + i);
    sum = sum + e;
  }
  if (i < n) {
    store_first(exp(load_first(x + i, n - i) - largest), y + i, n - i);
    sum = sum + load_first(y + i, n - i);  // read back: the lanes beyond the end are zero now
  }
  const F32 total = F32::set(horizontal_sum(sum));
  for (i = 0; i + F32::kLanes <= n; i += F32::kLanes) (F32::load(y + i) / total).store(y + i);
  if (i < n) store_first(load_first(y + i, n - i) / total, y + i, n - i);
}

// `lanes` columns, all of a vector's or fewer.
template <bool whole>
void some_columns(const float* x, float* y, int64_t n, int64_t stride, int64_t lanes) {
  const auto load = [&](const float* p) { return whole ? F32::load(p) : load_first(p, lanes); };
  const auto store = [&](F32 value, float* p) { whole ? value.store(p) : store_first(value, p, lanes); };
  F32 largest = load(x);
  for (int64_t i = 1; i < n; ++i) largest = max(largest, load(x + i * stride));
  F32 sum = F32::set(0);
  for (int64_t i = 0; i < n; ++i) {
    const F32 e = exp(load(x + i * stride) - largest);
    store(e, y + i * stride);
    sum = sum + e;
  }
  for (int64_t i = 0; i < n; ++i) store(load(y + i * stride) / sum, y + i * stride);
}

void columns(const float* x, float* y, int64_t n, int64_t stride, int64_t width) {
  int64_t column = 0;
  for (; column + F32::kLanes <= width; column += F32::kLanes)
    some_columns<true>(x + column, y + column, n, stride, F32::kLanes);
  if (column < width) some_columns<false>(x + column, y + column, n, stride, width - column);
}

}  // namespace

extern const SoftmaxKernels kSoftmax;
const SoftmaxKernels kSoftmax = {PLUMLINE_ISA_NAME, row, columns};

}  // namespace PLUMLINE_ISA_NAMESPACE
}  // namespace plumline
