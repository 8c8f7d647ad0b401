// The algorithm of every instruction set: see core/simd.h for how it is compiled.

#include "core/simd_math.h"
#include "kernels/matmul/matmul.h"

namespace plumline {
namespace PLUMLINE_ISA_NAMESPACE {

namespace {

// A tile of c stays in registers while k runs: 4 rows by as many vectors as the instruction set has registers for.
constexpr int kRows = 4;
constexpr int kVectors = F32::kLanes == 16 ? 4 : 2;

// The last vector of the tile has `lanes` columns; `whole` says that these are all of it.
template <int rows, int vectors, bool whole>
void tile(int64_t k, const Matrix& a, const Matrix& b, float* c, int64_t c_stride, int64_t lanes) {
  F32 sums[rows][vectors];
  for (int r = 0; r < rows; ++r)
    for (int v = 0; v < vectors; ++v) sums[r][v] = F32::set(0);
  for (int64_t i = 0; i < k; ++i) {
    F32 columns[vectors];
    for (int v = 0; v < vectors; ++v) {
      const float* p = b.data + i * b.stride + v * F32::kLanes;
      columns[v] = whole || v + 1 < vectors ? F32::load(p) : load_first(p, lanes);
    }
    for (int r = 0; r < rows; ++r) {
      const F32 factor = F32::set(a.data[r * a.stride + i]);
      for (int v = 0; v < vectors; ++v) sums[r][v] = fma(factor, columns[v], sums[r][v]);
    }
  }
  for (int r = 0; r < rows; ++r)
    for (int v = 0; v < vectors; ++v) {
      float* p = c + r * c_stride + v * F32::kLanes;
      if (whole || v + 1 < vectors)
        sums[r][v].store(p);
      else
        store_first(sums[r][v], p, lanes);
    }
}

template <int vectors, bool whole>
void stripe(int64_t m, int64_t k, const Matrix& a, const Matrix& b, float* c, int64_t c_stride, int64_t lanes) {
  int64_t row = 0;
  for (; row + kRows <= m; row += kRows)
    tile<kRows, vectors, whole>(k, {a.data + row * a.stride, a.stride}, b, c + row * c_stride, c_stride, lanes);
  for (; row < m; ++row)
    tile<1, vectors, whole>(k, {a.data + row * a.stride, a.stride}, b, c + row * c_stride, c_stride, lanes);
}

void multiply(int64_t m, int64_t n, int64_t k, const Matrix& a, const Matrix& b, float* c, int64_t c_stride) {
  constexpr int64_t kWide = kVectors * F32::kLanes;
  int64_t column = 0;
  for (; column + kWide <= n; column += kWide)
    stripe<kVectors, true>(m, k, a, {b.data + column, b.stride}, c + column, c_stride, F32::kLanes);
  for (; column < n; column += F32::kLanes) {
    const int64_t lanes = n - column;
    if (lanes >= F32::kLanes)
      stripe<1, true>(m, k, a, {b.data + column, b.stride}, c + column, c_stride, F32::kLanes);
    else
      stripe<1, false>(m, k, a, {b.data + column, b.stride}, c + column, c_stride, lanes);
  }
}

void multiply_vector(int64_t m, int64_t k, const Matrix& a, const float* b, float* c) {
  for (int64_t row = 0; row < m; ++row) {
    const float* x = a.data + row * a.stride;
    F32 even = F32::set(0), odd = even;
    int64_t i = 0;
    for (; i + 2 * F32::kLanes <= k; i += 2 * F32::kLanes) {
      even = fma(F32::load(x + i), F32::load(b + i), even);
      odd = fma(F32::load(x + i + F32::kLanes), F32::load(b + i + F32::kLanes), odd);
    }
    for (; i + F32::kLanes <= k; i += F32::kLanes) even = fma(F32::load(x + i), F32::load(b + i), even);
    if (i < k) odd = fma(load_first(x + i, k - i), load_first(b + i, k - i), odd);
    c[row] = horizontal_sum(even + odd);
  }
}

}  // namespace

extern const MatmulKernels kMatmul;
const MatmulKernels kMatmul = {PLUMLINE_ISA_NAME, multiply, multiply_vector};

}  // namespace PLUMLINE_ISA_NAMESPACE
}  // namespace plumline
