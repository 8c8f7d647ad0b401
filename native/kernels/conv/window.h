#pragma once

#include <cstdint>

#include "kernels/activation/activation.h"

// Plain data that the files of one instruction set share with the rest.

namespace plumline {

// A convolution on one set of shapes, with two spatial axes (a 1-D one has height 1). `channels` and `filters` count
// those of one group. A matrix product of `rows` vectors is the window of one pixel: batch = rows, channels = columns.
struct Window {
  int64_t batch, groups, channels, filters;
  int64_t height, width;
  int64_t out_height, out_width;
  int64_t kernel_height, kernel_width;
  int64_t stride_height, stride_width;
  int64_t dilation_height, dilation_width;
  int64_t pad_top, pad_left;
  bool input_sub_images, output_sub_images;  // held as sub-images (core/sub_images.h), not row-major; only for methods
                                             // that say they can

  int64_t taps() const { return kernel_height * kernel_width; }
  int64_t columns() const { return channels * taps(); }
  int64_t pixels() const { return out_height * out_width; }

  // Kernels read images whose columns are sorted by their place in the stride: first those at 0, stride, 2 * stride,
  // ..., then those at 1, stride + 1, ...: then neighbouring pixels read neighbouring columns whatever the stride.
  // With stride 1 that is the input itself.
  int64_t phase_width() const { return (width + stride_width - 1) / stride_width; }
  int64_t phase_columns(int64_t phase) const { return (width - phase + stride_width - 1) / stride_width; }
  int64_t row_stride() const { return stride_width * phase_width(); }
  int64_t channel_stride() const { return height * row_stride(); }
  int64_t image_stride() const { return groups * channels * channel_stride(); }
};

// The window of a product of `rows` vectors of `columns` numbers with a matrix.
inline Window rows_of(int64_t rows, int64_t columns, int64_t filters) {
  Window w{};
  w.batch = rows;
  w.groups = 1;
  w.channels = columns;
  w.filters = filters;
  w.height = w.width = w.out_height = w.out_width = 1;
  w.kernel_height = w.kernel_width = 1;
  w.stride_height = w.stride_width = w.dilation_height = w.dilation_width = 1;
  return w;
}

// What happens to a sum before it is stored: activation(sum + bias + residual).
struct Finish {
  Activation activation;
  const float* bias;      // one a filter
  const float* residual;  // of the output's shape and layout, or null
  float* output;          // (batch, groups * filters, out_height, out_width)
};

// A part of a convolution: some pixels, counted over all images, by some filters of one group.
struct Tile {
  int64_t group;
  int64_t first_filter, end_filter;
  int64_t first_pixel;
  int pixels;
  int vectors;  // pixels fit in that many vectors
};

// Another: a rectangle of one image's pixels by some filters of one group.
struct Rectangle {
  int64_t image, group;
  int64_t first_filter, end_filter;
  int64_t row, rows;
  int64_t column, columns;
};

}  // namespace plumline
