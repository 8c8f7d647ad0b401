#include "kernels/conv/deinterleave.h"
#include "kernels/conv/finish_rectangle.inl"
#include "kernels/conv/lanes.h"
#include "kernels/dense/multiply.inl"
#include "kernels/winograd/winograd.h"

namespace plumline {
namespace PLUMLINE_ISA_NAMESPACE {
namespace {

// The points' polynomials: for 0 and infinity x^4 - (n + f) x^2 + 1, for +-near (x^2 - f)(x^2 +- near x), for +-far
// the same with near and far exchanged; n and f are the squares of near and far, whose product is 1.
inline void transform_points(const F32* x, int64_t step, F32* y, int64_t y_step) {
  const F32 a = F32::set(kNear), b = F32::set(kFar);
  const F32 minus_n = F32::set(-kNear * kNear), minus_f = F32::set(-kFar * kFar);
  const F32 minus_s = F32::set(-(kNear * kNear + kFar * kFar));
  const F32 x0 = x[0], x1 = x[step], x2 = x[2 * step], x3 = x[3 * step], x4 = x[4 * step], x5 = x[5 * step];
  const F32 even_near = fma(minus_f, x2, x4), odd_near = a * fma(minus_f, x1, x3);
  const F32 even_far = fma(minus_n, x2, x4), odd_far = b * fma(minus_n, x1, x3);
  y[0] = fma(minus_s, x2, x4) + x0;
  y[y_step] = even_near + odd_near;
  y[2 * y_step] = even_near - odd_near;
  y[3 * y_step] = even_far + odd_far;
  y[4 * y_step] = even_far - odd_far;
  y[5 * y_step] = fma(minus_s, x3, x5) + x1;
}

// y[i] = the sum over the points of point^i * x / product of the differences to the other points. That product is 1 for
// 0 and infinity.
inline void transform_back(const F32* x, int64_t step, F32* y, int64_t y_step) {
  constexpr float n = kNear * kNear, f = kFar * kFar;
  constexpr float near = 0.5f / (n * (n - f)), far = 0.5f / (f * (f - n));
  const F32 near_even = x[step] + x[2 * step], near_odd = x[step] - x[2 * step];
  const F32 far_even = x[3 * step] + x[4 * step], far_odd = x[3 * step] - x[4 * step];
  y[0] = fma(F32::set(near), near_even, fma(F32::set(far), far_even, x[0]));
  y[y_step] = fma(F32::set(near * kNear), near_odd, F32::set(far * kFar) * far_odd);
  y[2 * y_step] = fma(F32::set(near * n), near_even, F32::set(far * f) * far_even);
  y[3 * y_step] = fma(F32::set(near * n * kNear), near_odd, fma(F32::set(far * f * kFar), far_odd, x[5 * step]));
}

// Kernels that stand one after the other, a vector a tap, at a row of places: at 0 that is their first row, at infinity
// their last, and between w0 + point * w1 + point^2 * w2 of their rows.
enum class RowAt { kZero, kPoint, kInfinity };

template <RowAt at>
void transform_row(const float* weights, int64_t channels, float point, float* to, int64_t step) {
  constexpr int64_t kLanes = F32::kLanes, kSide = 3;
  const F32 near = F32::set(kNear), far = F32::set(kFar);
  const F32 near2 = F32::set(kNear * kNear), far2 = F32::set(kFar * kFar);
  const F32 p = F32::set(point), p2 = F32::set(point * point);
  const auto tap = [&](int64_t i, int64_t j) { return F32::load(weights + (i * kSide + j) * kLanes); };
  const auto column = [&](int64_t j) {
    if constexpr (at == RowAt::kZero) return tap(0, j);
    if constexpr (at == RowAt::kInfinity) return tap(2, j);
    return fma(p, tap(1, j), fma(p2, tap(2, j), tap(0, j)));
  };
  for (int64_t channel = 0; channel < channels; ++channel, weights += kSide * kSide * kLanes, to += kLanes) {
    const F32 w0 = column(0), w1 = column(1), w2 = column(2);
    const F32 near_even = fma(near2, w2, w0), near_odd = near * w1;
    const F32 far_even = fma(far2, w2, w0), far_odd = far * w1;
    w0.store(to);
    (near_even + near_odd).store(to + step);
    (near_even - near_odd).store(to + 2 * step);
    (far_even + far_odd).store(to + 3 * step);
    (far_even - far_odd).store(to + 4 * step);
    w2.store(to + 5 * step);
  }
}

void transform_weights(const float* weights, int64_t channels, int64_t row, float* to, int64_t step) {
  constexpr float kPoint[] = {0, kNear, -kNear, kFar, -kFar};
  if (row == 0) return transform_row<RowAt::kZero>(weights, channels, 0, to, step);
  if (row == kPoints - 1) return transform_row<RowAt::kInfinity>(weights, channels, 0, to, step);
  transform_row<RowAt::kPoint>(weights, channels, kPoint[row], to, step);
}

void transform(const WinogradPlan& plan, int64_t row, const float* channel, float* transformed) {
  const Window& w = plan.window;
  const int64_t top = row % plan.image_rows() * kSquare - w.pad_top;
  for (int64_t square = 0; square < plan.across(); square += F32::kLanes) {
    const int64_t left = square * kSquare - w.pad_left;
    F32 half[kPlaces];
    for (int64_t i = 0; i < kPoints; ++i) {
      F32 x[kPoints];
      if (top + i < 0 || top + i >= w.height) {
        for (int64_t j = 0; j < kPoints; ++j) x[j] = F32::set(0);
      } else {
        const float* line = channel + (top + i) * w.width;
        const F32 a = load_columns(line, left, w.width), b = load_columns(line, left + F32::kLanes, w.width);
        const F32 c = load_columns(line, left + 2 * F32::kLanes, w.width);
        const F32 d = load_columns(line, left + 3 * F32::kLanes, w.width);
        const F32 even_ab = even_lanes(a, b), even_cd = even_lanes(c, d);
        const F32 odd_ab = odd_lanes(a, b), odd_cd = odd_lanes(c, d);
        x[0] = even_lanes(even_ab, even_cd);
        x[1] = even_lanes(odd_ab, odd_cd);
        x[2] = odd_lanes(even_ab, even_cd);
        x[3] = odd_lanes(odd_ab, odd_cd);
        const F32 next = load_columns(line, left + 4 * F32::kLanes, w.width);
        x[4] = next_lanes(x[0], next);  // the last columns of a square are its neighbour's first
        x[5] = next_lanes(x[1], next_lanes(next, next));
      }
      transform_points(x, 1, half + i * kPoints, 1);
    }
    for (int64_t j = 0; j < kPoints; ++j) {
      F32 y[kPoints];
      transform_points(half + j, kPoints, y, 1);
      for (int64_t i = 0; i < kPoints; ++i)
        y[i].store(transformed + (i * kPoints + j) * plan.place_stride() + square);
    }
  }
}

// The outputs of one square: `sums` at its places are `step` apart. Those of row i, column j go to
// output[(i * pitch + j) * width], as far as they lie in the image.
inline void finish_square(const float* sums, int64_t step, float* output, int64_t pitch, int64_t width, int64_t rows,
                          int64_t columns) {
  F32 half[kPoints * kSquare], y[kSquare * kSquare];
  for (int64_t i = 0; i < kPoints; ++i) {
    F32 x[kPoints];
    for (int64_t j = 0; j < kPoints; ++j) x[j] = F32::load(sums + (i * kPoints + j) * step);
    transform_back(x, 1, half + i * kSquare, 1);
  }
  for (int64_t j = 0; j < kSquare; ++j) transform_back(half + j, kSquare, y + j, kSquare);
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < columns; ++j) y[i * kSquare + j].store(output + (i * pitch + j) * width);
}

inline int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }

// Transforms the sums of a job back, stretch of a row by stretch, and stores them.
template <int vectors>
void finish_job(const WinogradPlan& plan, const WinogradJob& job, const Finish& finish, const float* sums,
                float* outputs) {
  constexpr int64_t width = vectors * F32::kLanes;
  const Window& w = plan.window;
  for (int64_t square = job.first_square; square < job.first_square + job.squares;) {
    const int64_t row = job.first_row + square / plan.across(), column = square % plan.across();
    int64_t count = smaller(plan.across() - column, job.first_square + job.squares - square);
    count = smaller(count, WinogradPlan::kStretch);
    Rectangle at;
    at.image = row / plan.image_rows();
    at.group = job.group;
    at.first_filter = job.filter;
    at.end_filter = smaller(job.filter + width, w.filters);
    at.row = row % plan.image_rows() * kSquare;
    at.rows = smaller(kSquare, w.out_height - at.row);
    at.column = column * kSquare;
    at.columns = smaller(count * kSquare, w.out_width - at.column);
    for (int64_t i = 0; i < count; ++i) {
      for (int64_t v = 0; v < vectors; ++v)
        finish_square(sums + (square - job.first_square + i) * width + v * F32::kLanes,
                      WinogradPlan::kGroup * width, outputs + i * kSquare * width + v * F32::kLanes, at.columns, width,
                      at.rows, smaller(kSquare, at.columns - i * kSquare));
    }
    finish_rectangle<vectors>(w, at, finish, at.first_filter, at.end_filter - at.first_filter, outputs, 0,
                              at.rows * at.columns);
    square += count;
  }
}

// Adds up some channels at one place.
template <int vectors>
void multiply_place(const WinogradPlan& plan, const WinogradJob& job, int64_t place, Ask ask, const Stretch& stretch,
                    const float* transformed, float* sums) {
  constexpr int64_t width = vectors * F32::kLanes;
  const int64_t blocks = (job.squares + kWide.pixels - 1) / kWide.pixels;
  for (int64_t block = 0; block < blocks; ++block) {
    const int64_t begin = job.squares * block / blocks, end = job.squares * (block + 1) / blocks;
    multiply_block<kWide.pixels, vectors>(static_cast<int>(end - begin), block == 0 ? ask : Ask::kNone, stretch,
                                          transformed + place * plan.place_stride() + job.first_square + begin,
                                          sums + (place * WinogradPlan::kGroup + begin) * width);
  }
}

// With transformed weights.
template <int vectors>
void multiply_kept(const WinogradPlan& plan, const WinogradJob& job, const float* transformed, const float* weights,
                   const int64_t* offsets, float* sums) {
  const int64_t channels = plan.window.channels, size = channels * F32::kLanes;
  for (int64_t place = 0; place < kPlaces; ++place, weights += size) {
    const Stretch stretch = {offsets, channels, weights, kPlaces * size, true, weights + size};
    multiply_place<vectors>(plan, job, place, Ask::kAll, stretch, transformed, sums);
  }
}

// With weights that are transformed here, some channels at a time. Those of the next ones are asked for meanwhile: by each
// of the first places as many vectors as there are channels.
template <int vectors>
void multiply_transforming(const WinogradPlan& plan, const WinogradJob& job, const float* transformed,
                           const float* weights, const int64_t* offsets, float* sums, float* chunk) {
  constexpr int64_t kLanes = F32::kLanes, kChunk = WinogradPlan::kChunk, kTaps = 9;
  const int64_t channels = plan.window.channels;
  for (int64_t channel = 0; channel < channels; channel += kChunk, transformed += kChunk * plan.pitch) {
    const int64_t count = smaller(kChunk, channels - channel);
    for (int64_t place = 0; place < kPlaces; ++place) {
      if (place % kPoints == 0)
        for (int64_t v = 0; v < vectors; ++v)
          transform_weights(weights + (v * channels + channel) * kTaps * kLanes, count, place / kPoints,
                            chunk + v * kPoints * kChunk * kLanes, kChunk * kLanes);
      const int64_t next = (place / kTaps * channels + channel + kChunk) * kTaps + place % kTaps * kChunk;
      const Stretch stretch = {offsets, count, chunk + place % kPoints * kChunk * kLanes, kPoints * kChunk * kLanes,
                               channel == 0, weights + next * kLanes};
      multiply_place<vectors>(plan, job, place, place < vectors * kTaps ? Ask::kOne : Ask::kNone, stretch, transformed,
                              sums);
    }
  }
}

template <int vectors>
void multiply_job(const WinogradPlan& plan, const WinogradJob& job, const Finish& finish, const float* transformed,
                  const float* weights, const int64_t* offsets, float* scratch) {
  float* sums = scratch;
  float* outputs = sums + plan.sums_floats();
  if (plan.keeps)
    multiply_kept<vectors>(plan, job, transformed, weights, offsets, sums);
  else
    multiply_transforming<vectors>(plan, job, transformed, weights, offsets, sums, outputs + plan.square_floats());
  finish_job<vectors>(plan, job, finish, sums, outputs);
}

void multiply(const WinogradPlan& plan, const WinogradJob& job, const Finish& finish, const float* transformed,
              const float* weights, const int64_t* offsets, float* scratch) {
  static_assert(WinogradPlan::kVectors == 2);
  if (job.vectors == 2)
    multiply_job<2>(plan, job, finish, transformed, weights, offsets, scratch);
  else
    multiply_job<1>(plan, job, finish, transformed, weights, offsets, scratch);
}

}  // namespace

extern const WinogradKernel winograd_kernel;
const WinogradKernel winograd_kernel = {PLUMLINE_ISA_NAME, F32::kLanes, transform, transform_weights, multiply};

}  // namespace PLUMLINE_ISA_NAMESPACE
}  // namespace plumline
