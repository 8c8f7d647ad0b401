#pragma once

#include <cstddef>

#include "core/sub_images.h"
#include "kernels/conv/window.h"

namespace plumline {

constexpr int64_t kChunkChannels = 64;  // whose tables are made at a time: a word of each plane and tap
constexpr int kMaxFolds = 3;

// Everything about a convolution by shared tables that its shapes and the number of its planes decide.
struct SharedTablesPlan {
  SubImages cut;                // of the output
  int64_t in_height, in_width;  // in positions of the input that a sub-image reads; those of neighbours overlap
  int bits;   // channels of a table: 4 or 5
  int folds;  // taps of a kernel row that are added at a time: all kMaxFolds of them, or 1

  // What a worker's scratch holds one after the other, in numbers.
  int64_t table_size;  // the tables of a position, at most a chunk of them
  int64_t tables;      // times `folds` positions
  int64_t pixels;      // a row of positions of the input, all channels
  int64_t lines;       // the rows of the image that those come from, or that results go to
  int64_t sums_row;    // a row of positions of the output, all planes and the total
  int64_t sums_rows;   // rows that one row of the input adds to
  int64_t targets;     // what says which those are

  SharedTablesPlan(const Window& window, int64_t planes);  // most planes of a group
  size_t worker_bytes() const;
};

// Whether the input may be held as sub-images: it must be cut as the output is, and no tap may reach farther than into
// the next sub-image.
bool can_take_sub_images(const Window& window);

// Some filters of one group, at some rows of all sub-images of a block.
struct Band {
  int64_t block, group;
  int64_t first_filter, end_filter;
  int64_t first_row, end_row;
};

// How the work is cut into bands.
class Bands {
 public:
  Bands(const Window& window, const SharedTablesPlan& plan, int64_t planes, int threads);
  int64_t size() const { return blocks_ * window_.groups * bands_ * splits_; }
  Band operator[](int64_t index) const;
  double cost() const { return cost_; }  // of all of it

 private:
  const Window& window_;
  int64_t blocks_;
  int64_t height_;
  int64_t bands_ = 1;   // along the rows of a sub-image
  int64_t splits_ = 1;  // along the filters of a group
  double cost_;
};

}  // namespace plumline
