#include "kernels/activation/activation_simd.h"
#include "kernels/conv/lanes.h"
#include "kernels/depthwise/depthwise.h"
#include "kernels/depthwise/strided.inl"

namespace plumline {
namespace PLUMLINE_ISA_NAMESPACE {
namespace {

constexpr int kRows = F32::kLanes == 16 ? 8 : 4;  // of output at a time, as the registers hold: they share what they read

// One filter over one channel.
struct Plane {
  const Window& window;
  const float* channel;
  const float* weights;
  const float* residual;  // null: none
  float* output;
  F32 bias, least, most;

  void store(F32 sum, int64_t row, int64_t column, int64_t count) const {
    const int64_t at = row * window.out_width + column;
    if (residual) sum = sum + load_first(residual + at, count);
    sum = min(most, max(least, sum));  // in this order NaN passes
    if (count == F32::kLanes)
      sum.store(output + at);
    else
      store_first(sum, output + at, count);
  }
};

// The output rows row, row + d, row + 2 d, ... of a kernel with dilation d read the input rows top, top + d, ...: as many
// as fit a block, and the columns of one vector of them.
struct Block {
  int64_t row, top;
  int64_t column, count;
};

// A square kernel of a size known to the compiler: for one column of the kernel after the other, what each row of the
// input holds is read once for all output rows of the block that use it. `whole` says that all of it lies inside.
template <int rows, int size, int stride, bool whole>
inline void add_block(const Plane& plane, const F32* weights, const Block& block) {
  constexpr int kLines = (rows - 1) * stride + size;
  const Window& w = plane.window;
  const int64_t left = block.column * stride - w.pad_left;
  const int64_t pitch = w.dilation_height * w.width;
  const float* first = shifted(plane.channel, block.top * w.width + left);
  F32 sum[rows];
#pragma GCC unroll 8
  for (int o = 0; o < rows; ++o) sum[o] = plane.bias;
#pragma GCC unroll 8
  for (int j = 0; j < size; ++j) {
    const Columns<stride, whole> columns(w, left + j * w.dilation_width);
    const float* line = shifted(first, j * w.dilation_width);
    F32 x[kLines];
#pragma GCC unroll 16
    for (int r = 0; r < kLines; ++r) {
      const int64_t row = block.top + r * w.dilation_height;
      x[r] = whole || (row >= 0 && row < w.height) ? columns.load(shifted(line, r * pitch)) : F32::set(0);
    }
#pragma GCC unroll 8
    for (int i = 0; i < size; ++i) {
      const F32 weight = size == 3 ? weights[i * size + j] : F32::set(plane.weights[i * size + j]);
#pragma GCC unroll 8
      for (int o = 0; o < rows; ++o) sum[o] = fma(weight, x[o * stride + i], sum[o]);
    }
  }
#pragma GCC unroll 8
  for (int o = 0; o < rows; ++o) plane.store(sum[o], block.row + o * w.dilation_height, block.column, block.count);
}

// Every d-th output row from `row` on, in blocks of `rows`, then of half of it, and so on.
template <int rows, int size, int stride>
void add_rows(const Plane& plane, const F32* weights, int64_t row) {
  const Window& w = plane.window;
  const int64_t d = w.dilation_height;
  for (; row + (rows - 1) * d < w.out_height; row += rows * d) {
    Block block = {row, row * stride - w.pad_top, 0, F32::kLanes};
    const bool rows_inside = block.top >= 0 && block.top + ((rows - 1) * stride + size - 1) * d < w.height;
    for (; block.column < w.out_width; block.column += F32::kLanes) {
      const int64_t left = block.column * stride - w.pad_left;
      const int64_t rest = w.out_width - block.column;
      if (rest < F32::kLanes) block.count = rest;
      if (rows_inside && rest >= F32::kLanes && left >= 0 &&
          left + (size - 1) * w.dilation_width + stride * F32::kLanes <= w.width)
        add_block<rows, size, stride, true>(plane, weights, block);
      else
        add_block<rows, size, stride, false>(plane, weights, block);
    }
  }
  if constexpr (rows > 1) add_rows<rows / 2, size, stride>(plane, weights, row);
}

template <int size, int stride>
void run_square(const Plane& plane) {
  const Window& w = plane.window;
  F32 weights[9];  // as many as the registers hold beside the rest
  for (int i = 0; i < 9 && size == 3; ++i) weights[i] = F32::set(plane.weights[i]);
  for (int64_t row = 0; row < w.dilation_height && row < w.out_height; ++row)
    add_rows<kRows / stride, size, stride>(plane, weights, row);
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
bool run_square(const Plane& plane) {
  const Window& w = plane.window;
  if (w.kernel_height != size || w.kernel_width != size || w.stride_height != w.stride_width) return false;
  if (w.stride_width == 1)
    run_square<size, 1>(plane);
  else if (w.stride_width == 2)
    run_square<size, 2>(plane);
  return w.stride_width <= 2;
}

void run_plane(const Plane& plane) {
  if (run_square<3>(plane) || run_square<5>(plane) || run_square<7>(plane)) return;
  const int64_t stride = plane.window.stride_width;
  if (stride == 1) return run_any<1>(plane);
  if (stride == 2) return run_any<2>(plane);
  run_any<0>(plane);
}

// Activations that are more than two bounds are applied to the stored sums: their code would take the registers away
// from the sums.
void run(const Window& w, const float* channel, const float* weights, const Finish& finish, int64_t image,
         int64_t filter) {
  const int64_t out = (image * w.groups * w.filters + filter) * w.pixels();
  const float infinity = __builtin_inff();
  const Activation& activation = finish.activation;
  const bool relu = activation.kind == ActivationKind::kRelu, clip = activation.kind == ActivationKind::kClip;
  float* output = finish.output + out;
  run_plane({w, channel, weights, finish.residual ? finish.residual + out : nullptr, output,
             F32::set(finish.bias[filter]), F32::set(relu ? 0 : clip ? activation.a : -infinity),
             F32::set(clip ? activation.b : infinity)});
  if (relu || clip || activation.kind == ActivationKind::kNone) return;
  const F32 slope = F32::set(activation.slope ? activation.slope[filter] : 0.0f);
  for (int64_t i = 0; i < w.pixels(); i += F32::kLanes) {
    const int64_t count = w.pixels() - i < F32::kLanes ? w.pixels() - i : F32::kLanes;
    store_first(activate(activation, load_first(output + i, count), slope), output + i, count);
  }
}

}  // namespace

extern const DepthwiseKernel depthwise_kernel;
const DepthwiseKernel depthwise_kernel = {PLUMLINE_ISA_NAME, run};

}  // namespace PLUMLINE_ISA_NAMESPACE
}  // namespace plumline
