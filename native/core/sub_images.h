#pragma once

#include <cstdint>

#include "core/shape.h"

namespace plumline {

constexpr int64_t kSubImages = 16;  // of a block

// A second way to hold images between steps. A block of images is cut into images * rows * columns == kSubImages
// sub-images of the same size, the last ones partly or wholly beyond the edge or the batch. A position is the same
// place in all of them, and its 16 pixels are one vector: a tap of a kernel is a step from one whole vector to another.
//
// In memory: block, row and column of the position, channel, sub-image. Pixels beyond the edge or the batch are zero.
struct SubImages {
  int64_t images, rows, columns;  // that the sub-images of a block make up
  int64_t height, width;          // of a sub-image, in positions
  int64_t blocks;

  int64_t row_size(int64_t channels) const { return width * channels * kSubImages; }  // of positions, in numbers
  int64_t block_size(int64_t channels) const { return height * row_size(channels); }
  int64_t size(int64_t channels) const { return blocks * block_size(channels); }
};

// The cut with the fewest positions; among those, sub-images as square as they may be and no wider than a few vectors,
// so that a row of them stays near.
SubImages cut_images(int64_t batch, int64_t height, int64_t width);
SubImages cut_images(const Shape& images);  // (N, C, H, W) or (N, C, L)

}  // namespace plumline
