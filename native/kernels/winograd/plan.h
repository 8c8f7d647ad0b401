#pragma once

#include <cstddef>

#include "kernels/conv/window.h"

namespace plumline {

// Winograd's convolution F(4x4, 3x3): for squares of 4 x 4 outputs, 36 multiplications for each channel and filter
// instead of 144. A square's 6 x 6 inputs are transformed, at each of the 36 places a matrix product over the channels
// follows, and its 36 sums are transformed back to the 4 x 4 outputs.
//
// Polynomials are evaluated at 0, +-3/4, +-4/3 and infinity. With the usual +-1, +-2 the largest error at 512 channels
// is 15e-6 of the largest output, with these 3.3e-6, beside 1.8e-6 of plain sums.
constexpr int64_t kSquare = 4;              // outputs of a square along each axis
constexpr int64_t kPoints = kSquare + 2;    // inputs, and places, along each axis
constexpr int64_t kPlaces = kPoints * kPoints;
constexpr float kNear = 0.75f, kFar = 4.0f / 3.0f;

// Transformed weights are kept where a cache may hold them. They are four times as large as the weights, which are
// otherwise transformed whenever they are used: that takes less time than to read four times as much from memory.
inline bool keeps_weights(int64_t channels, int64_t filters) { return kPlaces * channels * filters <= 1 << 22; }

// Squares are counted row by row over all images. A band of rows of squares is transformed, multiplied and finished
// before the next: its transformed inputs stay in the second cache.
struct WinogradPlan {
  WinogradPlan(const Window& window, int lanes);

  static constexpr int64_t kVectors = 2;  // of filters at a time
  static constexpr int64_t kGroup = 28;   // squares whose sums are kept at a time
  static constexpr int64_t kStretch = 14; // squares of a row that are finished at a time
  static constexpr int64_t kChunk = 16;   // channels whose weights are transformed at a time

  bool feasible() const;
  double cost() const;  // see ConvMethod::cost

  // In floats: of the transformed input, for all workers, and of what one worker writes to.
  int64_t input_floats() const { return kPlaces * place_stride(); }
  int64_t sums_floats() const { return kPlaces * kGroup * kVectors * lanes; }
  int64_t weights_floats() const { return keeps ? 0 : kPoints * kChunk * kVectors * lanes; }
  int64_t square_floats() const { return (kSquare * kSquare * kStretch + lanes) * kVectors * lanes; }

  // Transformed inputs stand by place, channel, square. From place to place it is an odd number of lines of the cache, so
  // that the places of a square do not drive each other out of it.
  int64_t place_stride() const { return (window.channels * pitch + 31) / 32 * 32 + 16; }
  int64_t image_rows() const { return (window.out_height + kSquare - 1) / kSquare; }
  int64_t rows() const { return window.batch * image_rows(); }
  int64_t across() const { return (window.out_width + kSquare - 1) / kSquare; }
  // Of the vectors that transform a row of squares: a short one takes short vectors.
  int64_t row_lanes() const { return across() <= 8 && lanes > 8 ? 8 : lanes; }

  Window window;
  int lanes;
  bool keeps;         // transformed weights
  int64_t band_rows;  // of squares
  int64_t pitch;      // of a channel of the transformed input: the squares of a band, and what a store may run over
};

}  // namespace plumline
