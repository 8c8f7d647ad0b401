#include "kernels/integer/dot.inl"
#include "kernels/integer/finish.inl"
#include "kernels/integer_linear/integer_linear.h"

namespace plumline {
namespace PLUMLINE_ISA_NAMESPACE {
namespace {

constexpr int kLanes = I32::kLanes;

#if defined(__AVX512F__)
constexpr int kRows = 6, kVectors = 4;
#elif defined(__AVX2__)
constexpr int kRows = 4, kVectors = 2;
#else
constexpr int kRows = 4, kVectors = 2;
#endif

void pack_row(const Codes& codes, const uint8_t* row, int64_t columns, void* memory) {
  const PackCode pack(codes);
  Packed* to = static_cast<Packed*>(memory);
  for (int64_t k = 0; k < columns; ++k) to[k] = pack(row[k]);
  for (int64_t k = columns; k % kDepth; ++k) to[k] = 0;  // its weights are zero
}

// The first `count` of a vector of results.
void finish_filters(I32 sum, const IntegerFinish& finish, int64_t filter, int64_t at, int64_t count, void* output) {
  if (count > kLanes) count = kLanes;
  const F32 real = real_of(sum, I32::load(finish.bias + filter), F32::load(finish.multiplier + filter),
                           F32::load(finish.offset + filter));
  if (finish.to_float) {
    float numbers[kLanes + kSlack / 4];
    real.store(numbers);
    copy_bytes(reinterpret_cast<const uint8_t*>(numbers), reinterpret_cast<uint8_t*>(static_cast<float*>(output) + at),
               count * 4);
  } else {
    uint8_t codes[kLanes + kSlack];
    Rounding(finish.output)(real).store_low_bytes(codes);
    copy_bytes(codes, static_cast<uint8_t*>(output) + at, count);
  }
}

template <int rows, int vectors>
void multiply(const IntegerFinish& finish, const Packed* x, const PackedWeight* panel, int64_t lanes, int64_t filters,
              int64_t filter, int64_t row, void* output) {
  I32 sum[rows][vectors];
#pragma GCC unroll 8
  for (int r = 0; r < rows; ++r)
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) sum[r][v] = I32::set(0);
  for (int64_t lane = 0; lane < lanes; ++lane, panel += kVectors * kLanes * kDepth) {
    I32 weights[vectors];
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) weights[v] = I32::load(panel + v * kLanes * kDepth);
#pragma GCC unroll 8
    for (int r = 0; r < rows; ++r) {
      int32_t codes;
      __builtin_memcpy(&codes, x + ((row + r) * lanes + lane) * kDepth, sizeof(codes));
      const I32 value = I32::set(codes);
#pragma GCC unroll 4
      for (int v = 0; v < vectors; ++v) sum[r][v] = dot(sum[r][v], value, weights[v]);
    }
  }
  for (int r = 0; r < rows; ++r)
    for (int v = 0; v < vectors; ++v) {
      const int64_t first = filter + v * kLanes;
      if (first < filters)
        finish_filters(sum[r][v], finish, first, (row + r) * filters + first, filters - first, output);
    }
}

template <int rows, int vectors>
void multiply_rows(const IntegerFinish& finish, const Packed* x, const PackedWeight* panel, int64_t lanes,
                   int64_t filters, int64_t filter, int64_t row, int64_t end, void* output) {
  for (; end - row >= rows; row += rows)
    multiply<rows, vectors>(finish, x, panel, lanes, filters, filter, row, output);
  if constexpr (rows > 1) {
    if (row < end) multiply_rows<rows - 1, vectors>(finish, x, panel, lanes, filters, filter, row, end, output);
  }
}

template <int vectors>
void run_panel(const IntegerFinish& finish, const void* x, const void* panel, int64_t lanes, int64_t filters,
               int64_t filter, int64_t row, int64_t end, void* output) {
  if constexpr (vectors > 1) {
    if (filters - filter <= (vectors - 1) * kLanes)
      return run_panel<vectors - 1>(finish, x, panel, lanes, filters, filter, row, end, output);
  }
  multiply_rows<kRows, vectors>(finish, static_cast<const Packed*>(x), static_cast<const PackedWeight*>(panel), lanes,
                                filters, filter, row, end, output);
}

}  // namespace

extern const IntegerLinearKernel integer_linear_kernel;
const IntegerLinearKernel integer_linear_kernel = {
    PLUMLINE_ISA_NAME, kLanes, kDepth, kVectors, kRows, PackCode::zero, pack_row, run_panel<kVectors>};

}  // namespace PLUMLINE_ISA_NAMESPACE
}  // namespace plumline
