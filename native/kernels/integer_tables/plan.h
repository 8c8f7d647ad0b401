#pragma once

#include <cstddef>

#include "kernels/conv/window.h"
#include "kernels/integer/lanes.h"

namespace plumline {

constexpr int64_t kMaxChunk = 64;  // channels whose tables are made at a time: a word of each plane and tap

// How an image is cut: into rows * columns == kLaneImages sub-images of the same size, the last ones partly or wholly
// beyond the edge. A position is the same place in all of them, so that its pixels are one vector, and from one tap of a
// kernel to the next is a step from one whole vector to another.
struct LaneGrid {
  int64_t rows, columns;        // of sub-images
  int64_t height, width;        // of a sub-image, in positions of the output
  int64_t in_height, in_width;  // in positions of the input that it reads; those of neighbours overlap
};

// Everything about a convolution by integer tables that its shapes and planes decide. `chunk` channels are added up in
// int16 before a sum goes on in int32: see IntegerTables for why that is exact.
struct IntegerTablesPlan {
  LaneGrid grid;
  int bits;               // channels of a table: 4 or 5
  int64_t chunk, chunks;  // channels of a chunk; of a group of the convolution

  // What a worker's scratch holds one after the other, in bytes.
  int64_t tables;     // of a position, one chunk
  int64_t pixels;     // a row of positions of the input, all channels
  int64_t lines;      // the rows of the image that those come from, or that results go to
  int64_t sums_row;   // a row of positions of the output: for each, all chunks and planes, and the total
  int64_t sums_rows;  // how many rows one row of the input adds to
  int64_t targets;    // what says which those are
  int64_t position;   // from the sums of a position to those of the next

  IntegerTablesPlan(const Window& window, int64_t planes, int64_t chunk);  // most planes of a group
  size_t worker_bytes() const { return static_cast<size_t>(tables + pixels + lines + sums_row * sums_rows + targets); }
};

// Some filters of one group, at some rows of all sub-images of an image.
struct LaneBand {
  int64_t image, group;
  int64_t first_filter, end_filter;
  int64_t first_row, end_row;
};

// How the work is cut for threads. What is computed does not depend on it.
class LaneBands {
 public:
  LaneBands(const Window& window, const IntegerTablesPlan& plan, int threads);
  int64_t size() const { return window_.batch * window_.groups * bands_ * splits_; }
  LaneBand operator[](int64_t index) const;

 private:
  const Window& window_;
  int64_t height_;
  int64_t bands_ = 1;   // along the rows of a sub-image
  int64_t splits_ = 1;  // along the filters of a group
};

// About the processor cycles of one thread.
double integer_tables_cost(const Window& window, const IntegerTablesPlan& plan, int64_t planes);

}  // namespace plumline
