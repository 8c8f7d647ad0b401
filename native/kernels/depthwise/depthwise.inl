#include "kernels/activation/activation_simd.h"
#include "kernels/conv/lanes.h"
#include "kernels/depthwise/depthwise.h"
#include "kernels/depthwise/strided.inl"

namespace plumline {
namespace PLUMLINE_ISA_NAMESPACE {
namespace {

constexpr int kRows = 4;  // of output at a time: they share what they read, and hide each other's additions

// One filter over one channel.
struct Plane {
  const Window& window;
  const float* channel;
  const float* weights;
  const Finish& finish;
  int64_t out;  // where the filter's output begins
  F32 bias, slope;

  void store(F32 sum, int64_t row, int64_t column, int64_t count) const {
    const int64_t at = out + row * window.out_width + column;
    if (finish.residual) sum = sum + load_first(finish.residual + at, count);
    sum = activate(finish.activation, sum, slope);
    if (count == F32::kLanes)
      sum.store(finish.output + at);
    else
      store_first(sum, finish.output + at, count);
  }
};

// A vector of `rows` neighbouring output rows for a square kernel of a size known to the compiler, without dilation:
// what a row of the input holds is read once for all output rows that use it.
template <int rows, int size, int stride, bool whole>
void add_shared(const Plane& plane, const F32* weights, const Columns<stride, whole>* columns, int64_t row,
                int64_t column, int64_t count) {
  const Window& w = plane.window;
  F32 sum[rows];
#pragma GCC unroll 4
  for (int o = 0; o < rows; ++o) sum[o] = plane.bias;
  const int64_t top = row * stride - w.pad_top;
#pragma GCC unroll 16
  for (int r = 0; r < (rows - 1) * stride + size; ++r) {
    if (top + r < 0 || top + r >= w.height) continue;
    const float* line = shifted(plane.channel, (top + r) * w.width + column * stride - w.pad_left);
#pragma GCC unroll 8
    for (int j = 0; j < size; ++j) {
      const F32 x = columns[j].load(line + j);
#pragma GCC unroll 4
      for (int o = 0; o < rows; ++o) {
        const int i = r - o * stride;  // the row of the kernel
        if (i >= 0 && i < size) sum[o] = fma(weights[i * size + j], x, sum[o]);
      }
    }
  }
#pragma GCC unroll 4
  for (int o = 0; o < rows; ++o) plane.store(sum[o], row + o, column, count);
}

// The rows from `row` on of a column of vectors, in blocks of `rows`, then of half of it, and so on.
template <int rows, int size, int stride, bool whole>
void shared_rows(const Plane& plane, const F32* weights, const Columns<stride, whole>* columns, int64_t row,
                 int64_t column, int64_t count) {
  for (; row + rows <= plane.window.out_height; row += rows)
    add_shared<rows, size, stride, whole>(plane, weights, columns, row, column, count);
  if constexpr (rows > 1) shared_rows<rows / 2, size, stride, whole>(plane, weights, columns, row, column, count);
}

template <int size, int stride, bool whole>
void shared_column(const Plane& plane, const F32* weights, int64_t column, int64_t count) {
  const Window& w = plane.window;
  Columns<stride, whole> columns[size];
  for (int j = 0; j < size; ++j) columns[j] = Columns<stride, whole>(w, column * stride + j - w.pad_left);
  shared_rows<kRows, size, stride, whole>(plane, weights, columns, 0, column, count);
}

template <int size, int stride>
void run_shared(const Plane& plane) {
  const Window& w = plane.window;
  F32 weights[size * size];
  for (int i = 0; i < size * size; ++i) weights[i] = F32::set(plane.weights[i]);
  for (int64_t column = 0; column < w.out_width; column += F32::kLanes) {
    const int64_t left = column * stride - w.pad_left;
    const int64_t rest = w.out_width - column;
    if (rest >= F32::kLanes && left >= 0 && left + size - 1 + stride * F32::kLanes <= w.width)
      shared_column<size, stride, true>(plane, weights, column, F32::kLanes);
    else
      shared_column<size, stride, false>(plane, weights, column, rest < F32::kLanes ? rest : F32::kLanes);
  }
}

// Any kernel, a vector of an output row at a time.
template <int stride>
void run_any(const Plane& plane) {
  const Window& w = plane.window;
  for (int64_t column = 0; column < w.out_width; column += F32::kLanes) {
    const int64_t rest = w.out_width - column;
    for (int64_t row = 0; row < w.out_height; ++row) {
      F32 sum = plane.bias;
      for (int64_t j = 0; j < w.kernel_width; ++j) {
        const int64_t left = column * w.stride_width + j * w.dilation_width - w.pad_left;
        const Columns<stride, false> columns(w, left);
        for (int64_t i = 0; i < w.kernel_height; ++i) {
          const int64_t line = row * w.stride_height + i * w.dilation_height - w.pad_top;
          if (line < 0 || line >= w.height) continue;
          const F32 x = columns.load(shifted(plane.channel, line * w.width + left));
          sum = fma(F32::set(plane.weights[i * w.kernel_width + j]), x, sum);
        }
      }
      plane.store(sum, row, column, rest < F32::kLanes ? rest : F32::kLanes);
    }
  }
}

template <int size>
bool is_square(const Window& w, int64_t stride) {
  return w.kernel_height == size && w.kernel_width == size && w.dilation_height == 1 && w.dilation_width == 1 &&
         w.stride_height == stride && w.stride_width == stride;
}

void run(const Window& w, const float* channel, const float* weights, const Finish& finish, int64_t image,
         int64_t filter) {
  const float slope = finish.activation.slope ? finish.activation.slope[filter] : 0.0f;
  const int64_t out = (image * w.groups * w.filters + filter) * w.pixels();
  const Plane plane = {w, channel, weights, finish, out, F32::set(finish.bias[filter]), F32::set(slope)};
  if (is_square<3>(w, 1)) return run_shared<3, 1>(plane);
  if (is_square<3>(w, 2)) return run_shared<3, 2>(plane);
  if (is_square<5>(w, 1)) return run_shared<5, 1>(plane);
  if (is_square<5>(w, 2)) return run_shared<5, 2>(plane);
  if (w.stride_width == 1) return run_any<1>(plane);
  if (w.stride_width == 2) return run_any<2>(plane);
  run_any<0>(plane);
}

}  // namespace

extern const DepthwiseKernel depthwise_kernel;
const DepthwiseKernel depthwise_kernel = {PLUMLINE_ISA_NAME, run};

}  // namespace PLUMLINE_ISA_NAMESPACE
}  // namespace plumline
