#include "kernels/conv/finish_row.inl"
#include "kernels/linear_dense/linear_dense.h"

namespace plumline {
namespace PLUMLINE_ISA_NAMESPACE {
namespace {

// Blocks of kRows x kVectors sums: as many as the registers hold beside a row of the panel and one input.
#if defined(__AVX512F__)
constexpr int kRows = 6, kVectors = 4;
#elif defined(__AVX2__)
constexpr int kRows = 4, kVectors = 3;
#else
constexpr int kRows = 4, kVectors = 2;
#endif

template <int rows, int vectors>
void multiply(const Window& window, const Finish& finish, const float* input, const float* panel, int64_t filter,
              int64_t row) {
  const int64_t columns = window.channels;
  const float* x = input + row * columns;
  F32 sum[rows][vectors];
#pragma GCC unroll 8
  for (int r = 0; r < rows; ++r)
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) sum[r][v] = F32::set(0);
  for (int64_t k = 0; k < columns; ++k, panel += vectors * F32::kLanes) {
    F32 weights[vectors];
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) weights[v] = F32::load(panel + v * F32::kLanes);
#pragma GCC unroll 8
    for (int r = 0; r < rows; ++r) {
      const F32 value = F32::set(x[r * columns + k]);
#pragma GCC unroll 4
      for (int v = 0; v < vectors; ++v) sum[r][v] = fma(value, weights[v], sum[r][v]);
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < rows; ++r)
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) {
      const int64_t first = filter + v * F32::kLanes;
      finish_filters(sum[r][v], finish, row + r, window.filters, first, window.filters - first);
    }
}

// Blocks of `rows`, then what is left in blocks of one less, and so on.
template <int rows, int vectors>
void multiply_rows(const Window& window, const Finish& finish, const float* input, const float* panel, int64_t filter,
                   int64_t row, int64_t end) {
  for (; end - row >= rows; row += rows) multiply<rows, vectors>(window, finish, input, panel, filter, row);
  if constexpr (rows > 1) {
    if (row < end) multiply_rows<rows - 1, vectors>(window, finish, input, panel, filter, row, end);
  }
}

template <int vectors>
void run_panel(const Window& window, const Finish& finish, const float* input, const float* panel, int64_t filter,
               int64_t row, int64_t end) {
  if constexpr (vectors > 1) {
    if (window.filters - filter <= (vectors - 1) * F32::kLanes)
      return run_panel<vectors - 1>(window, finish, input, panel, filter, row, end);
  }
  multiply_rows<kRows, vectors>(window, finish, input, panel, filter, row, end);
}

}  // namespace

extern const LinearDenseKernel linear_dense_kernel;
const LinearDenseKernel linear_dense_kernel = {PLUMLINE_ISA_NAME, F32::kLanes, kVectors, kRows, run_panel<kVectors>};

}  // namespace PLUMLINE_ISA_NAMESPACE
}  // namespace plumline
