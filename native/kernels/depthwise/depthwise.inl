#include "kernels/activation/activation_simd.h"
#include "kernels/conv/lanes.h"
#include "kernels/depthwise/copy_band.inl"
#include "kernels/depthwise/depthwise.h"

namespace plumline {
namespace PLUMLINE_ISA_NAMESPACE {
namespace {

constexpr int kRows = F32::kLanes == 4 ? 4 : 8;  // of output at a time, as the registers hold: they share what they read

inline int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }

// One filter over the copied rows of one channel.
struct Plane {
  const Window& window;
  const float* source;     // where the copy has column 0 of the first row
  int64_t pitch;           // from one of its rows to the next
  const int64_t* offsets;  // of the columns of the kernel
  const float* weights;
  const float* residual;  // null: none
  float* output;          // of the first row
  int64_t rows;
  int64_t step;           // rows that are made at a time, at most kRows
  // Stores may run over into rows that come later, of this plane or the next ones: so many numbers from `output` on may
  // be written.
  int64_t room;
  F32 bias, least, most;

  void store(F32 sum, int64_t at) const {
    const bool whole = at + F32::kLanes <= room;
    const int64_t count = smaller(F32::kLanes, window.out_width);
    if (residual) sum = sum + (whole ? F32::load(residual + at) : load_first(residual + at, count));
    sum = min(most, max(least, sum));  // in this order NaN passes
    if (whole)
      sum.store(output + at);
    else
      store_first(sum, output + at, count);
  }
};

// A vector of each of the output rows row, row + d, row + 2 d, ... of a square kernel of a size known to the compiler and
// dilation d: for one column of the kernel after the other, what each row of the input holds is read once for all that
// use it.
template <int rows, int size, int stride>
inline void add_block(const Plane& plane, int64_t row, int64_t column) {
  const int64_t d = plane.window.dilation_height;
  F32 sum[rows];
#pragma GCC unroll 8
  for (int o = 0; o < rows; ++o) sum[o] = plane.bias;
#pragma GCC unroll 8
  for (int j = 0; j < size; ++j) {
    F32 weight[size];
#pragma GCC unroll 8
    for (int i = 0; i < size; ++i) weight[i] = F32::set(plane.weights[i * size + j]);
    const float* line = plane.source + row * stride * plane.pitch + column + plane.offsets[j];
#pragma GCC unroll 32
    for (int r = 0; r < (rows - 1) * stride + size; ++r, line += d * plane.pitch) {
      const F32 x = F32::load(line);
#pragma GCC unroll 8
      for (int i = 0; i < size; ++i) {
        const int o = (r - i) / stride;
        if (r >= i && (r - i) % stride == 0 && o < rows) sum[o] = fma(weight[i], x, sum[o]);
      }
    }
  }
#pragma GCC unroll 8
  for (int o = 0; o < rows; ++o) plane.store(sum[o], (row + o * d) * plane.window.out_width + column);
}

// The last vector of a row begins where it ends with the row, if that has as many pixels.
template <class Add>
void for_columns(const Window& w, const Add& add) {
  const int64_t last = w.out_width < F32::kLanes ? 0 : w.out_width - F32::kLanes;
  for (int64_t column = 0; column < last; column += F32::kLanes) add(column);
  add(last);
}

template <int rows, int size, int stride>
void add_rows(const Plane& plane, int64_t count, int64_t row) {
  if constexpr (rows > 1) {
    if (count < rows) return add_rows<rows - 1, size, stride>(plane, count, row);
  }
  for_columns(plane.window, [&](int64_t column) { add_block<rows, size, stride>(plane, row, column); });
}

template <int size, int stride>
void run_square(const Plane& plane) {
  const int64_t d = plane.window.dilation_height;
  for (int64_t first = 0; first < d && first < plane.rows; ++first) {
    const int64_t count = d == 1 ? plane.rows : (plane.rows - first + d - 1) / d;
    for (int64_t row = 0; row < count; row += plane.step)
      add_rows<kRows, size, stride>(plane, smaller(plane.step, count - row), first + row * d);
  }
}

// Any kernel, a vector of an output row at a time.
void run_any(const Plane& plane) {
  const Window& w = plane.window;
  for (int64_t row = 0; row < plane.rows; ++row) {
    for_columns(w, [&](int64_t column) {
      F32 sum = plane.bias;
      const float* line = plane.source + row * w.stride_height * plane.pitch + column;
      const float* weight = plane.weights;
      for (int64_t i = 0; i < w.kernel_height; ++i, line += w.dilation_height * plane.pitch)
        for (int64_t j = 0; j < w.kernel_width; ++j) sum = fma(F32::set(*weight++), F32::load(line + plane.offsets[j]), sum);
      plane.store(sum, row * w.out_width + column);
    });
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
  run_any(plane);
}

// Activations that are more than two bounds are applied to the stored sums: their code would take the registers away
// from the sums.
struct Bounds {
  explicit Bounds(const Activation& activation) {
    const float infinity = __builtin_inff();
    const bool relu = activation.kind == ActivationKind::kRelu, clip = activation.kind == ActivationKind::kClip;
    least = relu ? 0 : clip ? activation.a : -infinity;
    most = clip ? activation.b : infinity;
    enough = relu || clip || activation.kind == ActivationKind::kNone;
  }
  float least, most;
  bool enough;
};

void activate_stored(const Activation& activation, int64_t filter, float* output, int64_t size) {
  const F32 slope = F32::set(activation.slope ? activation.slope[filter] : 0.0f);
  for (int64_t i = 0; i < size; i += F32::kLanes) {
    const int64_t count = smaller(size - i, F32::kLanes);
    store_first(activate(activation, load_first(output + i, count), slope), output + i, count);
  }
}

void run(const DepthwisePlan& plan, const DepthwiseJob& job, const float* input, const float* weights,
         const Finish& finish, const int64_t* offsets, float* copy) {
  const Window& w = plan.window;
  const Bounds bounds(finish.activation);
  const float* channels = input + (job.image * w.groups + job.channel) * w.height * w.width;
  // In this order, what is stored next comes next in memory.
  const bool ascending = w.out_width >= F32::kLanes || w.dilation_height == 1;
  const RowCopier copier(plan, input + w.batch * w.groups * w.height * w.width);
  const bool whole = plan.rows == w.out_height;  // then rows outside it are cleared together
  clear(plan.front + (whole ? job.count * plan.channel_stride() : 0), copy);
  copy += plan.front;
  for (int64_t row = 0; row < w.out_height; row += plan.rows) {
    const int64_t rows = smaller(plan.rows, w.out_height - row);
    const int64_t blocks = (rows + kRows - 1) / kRows, step = (rows + blocks - 1) / blocks;
    for (int64_t c = 0; c < job.count; ++c)
      copy_band(plan, copier, row, rows, whole, channels + c * w.height * w.width, copy + c * plan.channel_stride());
    for (int64_t c = 0; c < job.count; ++c) {
      for (int64_t f = 0; f < w.filters; ++f) {
        const int64_t filter = (job.channel + c) * w.filters + f;
        const int64_t at = (job.image * w.groups * w.filters + filter) * w.pixels() + row * w.out_width;
        const int64_t left = (job.count - c) * w.filters - f;  // filters of this job that are not complete
        float* output = finish.output + at;
        run_plane({w, copy + c * plan.channel_stride(), plan.pitch, offsets, weights + filter * w.taps(),
                   finish.residual ? finish.residual + at : nullptr, output, rows, step,
                   ascending ? left * w.pixels() - row * w.out_width : 0, F32::set(finish.bias[filter]),
                   F32::set(bounds.least), F32::set(bounds.most)});
        if (!bounds.enough) activate_stored(finish.activation, filter, output, rows * w.out_width);
      }
    }
  }
}

}  // namespace

extern const DepthwiseKernel depthwise_kernel;
const DepthwiseKernel depthwise_kernel = {PLUMLINE_ISA_NAME, F32::kLanes, run};

}  // namespace PLUMLINE_ISA_NAMESPACE
}  // namespace plumline
