#include "kernels/matmul/matmul.h"

namespace plumline {
namespace reference {

namespace {

void multiply(int64_t m, int64_t n, int64_t k, const Matrix& a, const Matrix& b, float* c, int64_t c_stride) {
  for (int64_t row = 0; row < m; ++row)
    for (int64_t column = 0; column < n; ++column) {
      float sum = 0;
      for (int64_t i = 0; i < k; ++i) sum += a.data[row * a.stride + i] * b.data[i * b.stride + column];
      c[row * c_stride + column] = sum;
    }
}

void multiply_vector(int64_t m, int64_t k, const Matrix& a, const float* b, float* c) {
  multiply(m, 1, k, a, {b, 1}, c, 1);
}

}  // namespace

extern const MatmulKernels kMatmul;
const MatmulKernels kMatmul = {"reference", multiply, multiply_vector};

}  // namespace reference
}  // namespace plumline
