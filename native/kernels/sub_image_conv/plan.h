#pragma once

#include <cstddef>

#include "core/sub_images.h"
#include "kernels/conv/window.h"

namespace plumline {

// A convolution over sub-images (core/sub_images.h) goes through the positions of its input, and adds what each one
// contributes to the sums of the positions of the output that read it. How it adds is left to an adder.
//
// A kernel reaches over the edges of sub-images. Along an axis this is met in one of two ways: the positions of the
// input have a halo, read from the neighbours; or the sums have positions beyond the edge, which are added to those of
// the neighbours when they are complete. Then each position of the input is used once, by all taps.

// What an adder needs, and what it costs in the unit of ConvMethod::cost.
struct AdderNeeds {
  int64_t scratch;       // numbers; comes first, aligned as a cache line
  int64_t passes;        // over some rows of positions, each for a part of the channels
  int64_t sums_bytes;    // so many rows are passed over that their sums take about that; 0 for one row
  bool exchanged_rows;   // sums beyond the edges, not a halo; a band then has all rows
  bool exchanged_columns;
  double position_cost;  // for each position of the input
  double plane_cost;     // for each plane and tap of each position of the output
};

// One axis of a sub-image, in positions.
struct AxisPlan {
  int64_t stride, dilation;
  int64_t size;           // of the output
  int64_t in_size;        // of the input
  int64_t in_first;       // pixel of the input that is the first position: 0, or the padding before a halo
  int64_t before, after;  // beyond the edges of the output, that sums have
  int64_t shift;          // tap t moves position p of the input to (p + shift - t * dilation) / stride of the sums

  int64_t sums() const { return before + size + after; }
};

// Everything about such a convolution that its shapes and the number of its planes decide.
struct SubImageConvPlan {
  SubImages cut;  // of the output
  AdderNeeds adder;
  AxisPlan rows, columns;

  // What a worker's scratch holds behind the adder's, in numbers.
  int64_t rows_together;  // of the input, that a pass goes over
  int64_t pixels_row;     // a row of positions of the input, all channels
  int64_t sums_row;       // a row of sums of positions, all planes and the total
  int64_t kept_rows;      // of sums, the first ones, which wait for the last
  int64_t open_rows;      // of sums, that the rows of a pass add to
  int64_t targets;        // what says which those are

  SubImageConvPlan(const Window& window, int64_t planes, const AdderNeeds& adder);  // most planes of a band
  size_t worker_bytes() const;
};

// Whether the input is held as sub-images: it is cut as the output is, and no tap reaches farther than into the next
// sub-image.
bool can_take_sub_images(const Window& window);

// Whether both axes can be exchanged: sub-images of the input cover it, and no tap reaches farther than into the next.
bool can_exchange(const Window& window);

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
  // Of `planes` planes of a group; bands begin at multiples of `filter_step` filters and have at most `most_filters`.
  Bands(const Window& window, const SubImageConvPlan& plan, int64_t planes, int64_t filter_step, int64_t most_filters,
        int threads);
  int64_t size() const { return blocks_ * window_.groups * bands_ * splits_; }
  Band operator[](int64_t index) const;
  double cost() const { return cost_; }  // of all of it, by one thread

 private:
  const Window& window_;
  int64_t blocks_;
  int64_t height_;
  int64_t filter_step_;
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
