#pragma once

#include <cstdint>

#include "core/cpu.h"

namespace plumline {

// A row-major matrix: rows lie `stride` numbers apart.
struct Matrix {
  const float* data;
  int64_t stride;
};

struct MatmulKernels {
  const char* name;
  // c (m, n) = a (m, k) b (k, n); rows of c lie c_stride apart. Each number of c is summed in the order of k, whatever
  // part of the product a call is for.
  void (*multiply)(int64_t m, int64_t n, int64_t k, const Matrix& a, const Matrix& b, float* c, int64_t c_stride);
  // c (m) = a (m, k) b (k)
  void (*multiply_vector)(int64_t m, int64_t k, const Matrix& a, const float* b, float* c);
};

const MatmulKernels& matmul_kernels(Isa cap);

}  // namespace plumline
