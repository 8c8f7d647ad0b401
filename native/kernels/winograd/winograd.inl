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

// y[i] = the sum over the points of point^i * x.
inline void transform_back(const F32* x, int64_t step, F32* y, int64_t y_step) {
  const F32 near_even = x[step] + x[2 * step], near_odd = x[step] - x[2 * step];
  const F32 far_even = x[3 * step] + x[4 * step], far_odd = x[3 * step] - x[4 * step];
  const F32 a = F32::set(kNear), b = F32::set(kFar);
  const F32 a2 = F32::set(kNear * kNear), b2 = F32::set(kFar * kFar);
  const F32 a3 = F32::set(kNear * kNear * kNear), b3 = F32::set(kFar * kFar * kFar);
  y[0] = x[0] + near_even + far_even;
  y[y_step] = fma(a, near_odd, b * far_odd);
  y[2 * y_step] = fma(a2, near_even, b2 * far_even);
  y[3 * y_step] = fma(a3, near_odd, fma(b3, far_odd, x[5 * step]));
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

template <int vectors>
void multiply_job(const WinogradPlan& plan, const WinogradJob& job, const Finish& finish, const float* transformed,
                  const float* weights, const int64_t* offsets, float* scratch) {
  constexpr int64_t width = vectors * F32::kLanes;
  const int64_t channels = plan.window.channels;
  const int64_t blocks = (job.squares + kWide.pixels - 1) / kWide.pixels;
  for (int64_t place = 0; place < kPlaces; ++place) {
    const Stretch stretch = {offsets, channels, weights + place * channels * F32::kLanes,
                             kPlaces * channels * F32::kLanes, true};
    for (int64_t block = 0; block < blocks; ++block) {
      const int64_t begin = job.squares * block / blocks, end = job.squares * (block + 1) / blocks;
      multiply_block<kWide.pixels, vectors>(static_cast<int>(end - begin), block == 0, stretch,
                                            transformed + place * plan.place_stride() + job.first_square + begin,
                                            scratch + (place * WinogradPlan::kGroup + begin) * width);
    }
  }
  finish_job<vectors>(plan, job, finish, scratch, scratch + plan.sums_floats());
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
const WinogradKernel winograd_kernel = {PLUMLINE_ISA_NAME, F32::kLanes, transform, multiply};

}  // namespace PLUMLINE_ISA_NAMESPACE
}  // namespace plumline
