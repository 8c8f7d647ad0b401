#include "kernels/reduce/reduce.h"

namespace plumline {
namespace reference {

namespace {

float sum(const float* x, int64_t n) {
  double total = 0;
  for (int64_t i = 0; i < n; ++i) total += x[i];
  return static_cast<float>(total);
}

void means(const float* x, float* y, int64_t rows, int64_t n) {
  for (int64_t row = 0; row < rows; ++row) y[row] = sum(x + row * n, n) / static_cast<float>(n);
}

void accumulate(const float* const* x, int64_t rows, float* y, int64_t n) {
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t i = 0; i < n; ++i) y[i] += x[row][i];
}

void divide(float* y, float by, int64_t n) {
  for (int64_t i = 0; i < n; ++i) y[i] /= by;
}

}  // namespace

extern const ReduceKernels kReduce;
const ReduceKernels kReduce = {"reference", sum, means, accumulate, divide};

}  // namespace reference
}  // namespace plumline
