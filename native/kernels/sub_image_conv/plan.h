#pragma once

#include <cstddef>

#include "core/sub_images.h"
#include "kernels/conv/window.h"

namespace plumline {

// A convolution over sub-images (core/sub_images.h) goes through the positions of its input, and adds what each one
// contributes to the sums of the positions of the output that read it. How it adds is left to an adder.

// What an adder needs, and what it costs in the unit of ConvMethod::cost.
struct AdderNeeds {
  int64_t scratch;         // numbers; comes first, aligned as a cache line
  bool halo;               // it wants the columns beyond the edges of a sub-image too, and so no sums beyond them
  double position_cost;    // for each position of the input
  double plane_cost;       // for each plane and tap of each position of the output
};

// Everything about such a convolution that its shapes and the number of its planes decide.
struct SubImageConvPlan {
  SubImages cut;  // of the output
  AdderNeeds adder;

  // In positions of the input that a sub-image reads; those of neighbours overlap. Where the input is held as sub-images
  // and the adder wants no halo, the columns before first_column and behind end_column are left out: instead, sums have
  // columns for the positions of neighbours, and these are exchanged at the end.
  int64_t in_height, in_width;
  int64_t first_column, end_column;
  int64_t sum_columns;
  int64_t own_column;  // of the sums that is the first of the output

  // What a worker's scratch holds behind the adder's, in numbers.
  int64_t pixels;     // a row of positions of the input, all channels
  int64_t lines;      // the rows of the image that those come from, or that results go to
  int64_t sums_row;   // a row of sums of positions, all planes and the total
  int64_t sums_rows;  // rows that one row of the input adds to
  int64_t targets;    // what says which those are

  SubImageConvPlan(const Window& window, int64_t planes, const AdderNeeds& adder);  // most planes of a group
  size_t worker_bytes() const;
};

// Whether the input is held as sub-images: it is cut as the output is, and no tap reaches farther than into the next
// sub-image.
bool can_take_sub_images(const Window& window);

// Whether every size of a plan is far below what an int64_t holds, and a worker's scratch within bounds, however hostile
// the shapes.
bool can_plan(const Window& window, int64_t planes, const AdderNeeds& adder);

// Some filters of one group, at some rows of all sub-images of a block.
struct Band {
  int64_t block, group;
  int64_t first_filter, end_filter;
  int64_t first_row, end_row;
};

// How the work is cut into bands.
class Bands {
 public:
  Bands(const Window& window, const SubImageConvPlan& plan, int64_t planes, int threads);
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

// A filter's result is the weighted sum of its planes' sums, and of the total of all channels at all taps.
struct PlaneSums {
  const int32_t* row_start;        // planes of each filter, over all groups
  const float* coefficient;        // one a plane
  const float* total_coefficient;  // one a filter, or null
};

}  // namespace plumline
