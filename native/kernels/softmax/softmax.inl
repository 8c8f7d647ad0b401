// The algorithm of every instruction set: see core/simd.h for how it is compiled.

#include "core/simd_math.h"
#include "kernels/softmax/softmax.h"

namespace plumline {
namespace PLUMLINE_ISA_NAMESPACE {

namespace {

constexpr int64_t kStep = F32::kLanes;

float largest_of(const float* x, int64_t n) {
  if (n < kStep) {
    float largest = x[0];
    for (int64_t i = 1; i < n; ++i) largest = largest > x[i] ? largest : x[i];
    return largest;
  }
  F32 a = F32::load(x + n - kStep), b = a, c = a, d = a;  // the rest, and some that the loops see again
  int64_t i = 0;
  for (; i + 4 * kStep <= n; i += 4 * kStep) {  // four, to hide the latency
    a = max(a, F32::load(x + i));
    b = max(b, F32::load(x + i + kStep));
    c = max(c, F32::load(x + i + 2 * kStep));
    d = max(d, F32::load(x + i + 3 * kStep));
  }
  for (; i + kStep <= n; i += kStep) a = max(a, F32::load(x + i));
  return horizontal_max(max(max(a, b), max(c, d)));
}

void row(const float* x, float* y, int64_t n) {
  const F32 largest = F32::set(largest_of(x, n));
  F32 sum = F32::set(0);
  int64_t i = 0;
  for (; i + kStep <= n; i += kStep) {
    const F32 e = exp_of_negative(F32::load(x + i) - largest);
    e.store(y + i);
    sum = sum + e;
  }
  if (i < n) {
    store_first(exp_of_negative(load_first(x + i, n - i) - largest), y + i, n - i);
    sum = sum + load_first(y + i, n - i);  // read back: the lanes beyond the end are zero now
  }
  const F32 factor = F32::set(1.0f / horizontal_sum(sum));
  for (i = 0; i + kStep <= n; i += kStep) (F32::load(y + i) * factor).store(y + i);
  if (i < n) store_first(load_first(y + i, n - i) * factor, y + i, n - i);
}

void rows(const float* x, float* y, int64_t count, int64_t n) {
  for (int64_t i = 0; i < count; ++i) row(x + i * n, y + i * n, n);
}

// Calls each(at, how to load there, how to store there) for vectors of `width` columns; the last may not be whole.
template <class Each>
void each_vector(int64_t width, const Each& each) {
  int64_t i = 0;
  for (; i + kStep <= width; i += kStep)
    each(i, [](const float* p) { return F32::load(p); }, [](F32 value, float* p) { value.store(p); });
  const int64_t rest = width - i;
  if (rest > 0)
    each(i, [rest](const float* p) { return load_first(p, rest); },
         [rest](F32 value, float* p) { store_first(value, p, rest); });
}

// Goes along the rows of x, where neighbours lie together, with the largest number and the sum of each column at hand.
void columns(const float* x, float* y, int64_t n, int64_t stride, int64_t width) {
  float largest[kSoftmaxColumns], sum[kSoftmaxColumns];
  each_vector(width, [&](int64_t at, auto load, auto store) {
    store(load(x + at), largest + at);
    store(F32::set(0), sum + at);
  });
  for (int64_t i = 1; i < n; ++i)
    each_vector(width, [&](int64_t at, auto load, auto store) {
      store(max(load(largest + at), load(x + i * stride + at)), largest + at);
    });
  for (int64_t i = 0; i < n; ++i)
    each_vector(width, [&](int64_t at, auto load, auto store) {
      const F32 e = exp_of_negative(load(x + i * stride + at) - load(largest + at));
      store(e, y + i * stride + at);
      store(load(sum + at) + e, sum + at);
    });
  each_vector(width, [&](int64_t at, auto load, auto store) { store(F32::set(1) / load(sum + at), sum + at); });
  for (int64_t i = 0; i < n; ++i)
    each_vector(width, [&](int64_t at, auto load, auto store) {
      store(load(y + i * stride + at) * load(sum + at), y + i * stride + at);
    });
}

}  // namespace

extern const SoftmaxKernels kSoftmax;
const SoftmaxKernels kSoftmax = {PLUMLINE_ISA_NAME, rows, columns};

}  // namespace PLUMLINE_ISA_NAMESPACE
}  // namespace plumline
