#pragma once

#include <cstddef>

#include "kernels/conv/window.h"

namespace plumline {

// How many pixels and vectors of filters a block of sums has at most.
struct BlockSize {
  int pixels, vectors;
};

// Neighbouring pixels of a tile whose sums one pass over the weights makes.
struct DirectBlock {
  int64_t offset;  // of the first pixel's window in the source
  int32_t pixel;   // the first, counted in the tile by rows
  int32_t count;
};

// What a worker writes to.
struct DirectScratch {
  DirectBlock* blocks;
  float* sums;
  float* copy;
};

// How a direct convolution is cut, and how it reads its input: in place where every window lies inside the image and
// neighbouring pixels read neighbouring columns, otherwise from a copy of the tile's rows with the padding around
// them, where the columns of each row are sorted by their place in the stride (the phase, see Window).
struct DirectPlan {
  DirectPlan(const Window& window, int lanes, BlockSize wide, BlockSize narrow, int threads);

  int64_t size() const { return window.batch * window.groups * down * across * splits; }
  Rectangle operator[](int64_t index) const;

  bool feasible() const { return copy_floats < kMaxCopy; }
  double cost() const;  // see ConvMethod::cost
  size_t worker_bytes() const;
  DirectScratch scratch(std::byte* worker) const;
  int64_t blocks() const {  // of the largest tile
    return rows * columns / segment * ((segment + block.pixels - 1) / block.pixels);
  }
  // Of one image and group, without the copy, for lanes of either kind.
  double filters_cost() const;
  double pixels_cost() const;
  size_t blocks_bytes() const;
  size_t sums_bytes() const;

  // Rows of the copy: with a kernel of one row only the rows that it reads.
  int64_t copied_rows(int64_t out_rows) const {
    if (window.kernel_height == 1) return out_rows;
    return (out_rows - 1) * window.stride_height + (window.kernel_height - 1) * window.dilation_height + 1;
  }
  int64_t input_row(int64_t out_row) const { return out_row * window.stride_height - window.pad_top; }
  // Where the source's number under each column of a chunk stands, from that under the first.
  void fill_offsets(int64_t* offsets) const;
  size_t offsets_bytes() const;
  // Pixels of a tile that stand side by side in the source.
  int64_t segment_of(const Rectangle& tile) const {
    return segment > columns ? tile.rows * tile.columns : tile.columns;
  }
  // From one row of pixels to the next.
  int64_t row_step() const { return (copies && window.kernel_height == 1 ? 1 : window.stride_height) * pitch; }

  // A worker that needs more leaves every cache; it also bounds what a hostile file may ask for.
  static constexpr double kMaxCopy = 1 << 23;
  static constexpr int64_t kStrip = 8;  // blocks whose sums are kept before they are finished

  Window window;  // a 1x1 kernel without stride or padding sees an image of one row
  int lanes;
  BlockSize block;
  bool copies;
  int64_t phases, phase_width;    // of a row of the copy
  int64_t pitch, channel_stride;  // of the source
  int64_t rows, columns;          // of the largest tile
  int64_t down, across, splits;   // how many tiles
  bool pixel_lanes;               // lanes are pixels, not filters
  int64_t chunk;                  // channels whose weights for one block of filters stay in the first cache
  int64_t segment;                // pixels that stand side by side in the source, at most
  double copy_floats;             // of a tile; a real number, as it may be beyond counting
};

}  // namespace plumline
