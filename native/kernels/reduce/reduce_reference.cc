#include "kernels/reduce/reduce.h"

namespace plumline {
namespace reference {

namespace {

float sum(const float* x, int64_t n) {
  double total = 0;
  for (int64_t i = 0; i < n; ++i) total += x[i];
  return static_cast<float>(total);
}

void accumulate(const float* x, float* y, int64_t n) {
  for (int64_t i = 0; i < n; ++i) y[i] += x[i];
}

void divide(float* y, float by, int64_t n) {
  for (int64_t i = 0; i < n; ++i) y[i] /= by;
}

}  // namespace

extern const ReduceKernels kReduce;
const ReduceKernels kReduce = {"reference", sum, accumulate, divide};

}  // namespace reference
}  // namespace plumline
