#pragma once

#include <cstddef>

#include "kernels/conv/window.h"
#include "kernels/integer/lanes.h"

namespace plumline {

// An image is cut into kLaneImages sub-images, a position is one pixel of each. Positions of the input are read once, by
// all taps; what taps move beyond the edge of a sub-image is added up there, and given to its neighbour in the end.
struct MergeAxis {
  int64_t parts;          // sub-images
  int64_t size;           // positions of one, of the input and of the output
  int64_t before, after;  // that sums have beyond its edges
  int64_t shift;          // tap t moves position p of the input to p + shift - t * dilation of the sums

  int64_t sums() const { return before + size + after; }
};

// What the planes of a convolution decide.
struct MergeNeeds {
  int64_t planes;       // most of a group
  int64_t band_planes;  // that are added up before others are begun
  int64_t chunks;       // of channels
  int64_t temporaries;  // bytes
};

struct IntegerMergePlan {
  MergeAxis rows, columns;
  int64_t band_planes;

  // What a worker's scratch holds one after the other, in bytes.
  int64_t temporaries;
  int64_t pixels;  // all positions of the input, all channels
  int64_t sums;    // int16, of a band and chunk, with room on both sides
  int64_t wide;    // int32, of the chunks before: inside of the edges
  int64_t lines;   // rows of the image

  IntegerMergePlan(const Window& window, const MergeNeeds& needs);
  int64_t positions() const { return rows.size * columns.size; }
  size_t worker_bytes() const { return static_cast<size_t>(temporaries + pixels + sums + wide + lines); }
};

// Whether there is a plan: steps of 1, sub-images that no tap reaches beyond the neighbours of, and sizes that leave a
// worker's scratch within bounds, however hostile the shapes.
bool can_merge(const Window& window, const MergeNeeds& needs);

// Some filters of one group, at all positions of an image.
struct MergeBand {
  int64_t image, group;
  int64_t first_filter, end_filter;
};

// About the processor cycles of one thread for an image and group, but for the programs.
double integer_merge_cost(const Window& window, const IntegerMergePlan& plan, const MergeNeeds& needs);

}  // namespace plumline
