#pragma once

#include <cstdint>

#include "core/shape.h"

namespace plumline {

constexpr int64_t kSubImages = 16;      // of a block of float32
constexpr int64_t kCodeSubImages = 32;  // of a block of 8-bit codes, which kernels widen to int16: 64 bytes again

// A second way to hold images between steps. A block of images is cut into images * rows * columns
// sub-images of the same size, the last ones partly or wholly beyond the edge or the batch. A position is the same
// place in all of them, and its pixels are one vector: a tap of a kernel is a step from one whole vector to another.
//
// In memory: block, row and column of the position, channel, sub-image. Pixels beyond the edge or the batch are zero;
// of codes, whose zero only their reader knows, they are anything.
struct SubImages {
  int64_t images, rows, columns;  // that the sub-images of a block make up
  int64_t height, width;          // of a sub-image, in positions
  int64_t blocks;

  int64_t count() const { return images * rows * columns; }
  int64_t row_size(int64_t channels) const { return width * channels * count(); }  // of positions, in numbers
  int64_t block_size(int64_t channels) const { return height * row_size(channels); }
  int64_t size(int64_t channels) const { return blocks * block_size(channels); }
};

// Whether `a` is the better way to cut: the one with the fewest positions; among those, sub-images no wider than a few
// vectors, so that a row of them stays near; large enough that their edges cost little; of few images, so that threads
// have blocks to divide, and a vector's pixels lie near each other in row-major images; and as square as they may be.
bool is_better(const SubImages& a, const SubImages& b);

// The best cut into `count` sub-images that is allowed; of 0 images where there is none.
template <class Allowed>
SubImages best_cut(int64_t batch, int64_t height, int64_t width, int64_t count, const Allowed& allowed) {
  const auto divide_up = [](int64_t a, int64_t b) { return (a + b - 1) / b; };
  SubImages best{};
  for (int64_t images = 1; images <= count; images *= 2)
    for (int64_t rows = 1; rows <= count / images; rows *= 2) {
      const int64_t columns = count / images / rows;
      const SubImages cut = {images, rows, columns, divide_up(height, rows), divide_up(width, columns),
                             divide_up(batch, images)};
      if (allowed(cut) && (best.images == 0 || is_better(cut, best))) best = cut;
    }
  return best;
}

// How values between steps are cut.
SubImages cut_images(int64_t batch, int64_t height, int64_t width, int64_t count = kSubImages);
SubImages cut_images(const Shape& images, int64_t count = kSubImages);  // (N, C, H, W) or (N, C, L)

// Whether a value of this shape is images, every pixel of whose sub-images is one of theirs: then a step that makes each
// number from one other need not know which of them lie beyond an edge.
bool fills_sub_images(const Shape& shape);

}  // namespace plumline
