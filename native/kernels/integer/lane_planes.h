#pragma once

#include <cstdint>

#include "kernels/conv/window.h"

namespace plumline {

// The image with its padding, as the kernel reads it: for each phase of the strides (see Window) and each few channels
// that share a lane, a plane of `rows` times `pitch` lanes. An output pixel is a place in such a plane, and a tap a
// fixed step from it, so a vector of neighbouring places needs no packing but one load. The places between the end of
// one output row and the start of the next are computed too, and dropped.
struct LanePlanes {
  int64_t rows, pitch;
  int64_t blocks;    // lanes that the channels of a group need
  int64_t phases;    // of both strides
  int64_t places;    // from the first output pixel to the last
  int64_t plane() const { return rows * pitch; }
  int64_t group() const { return phases * blocks * plane(); }
};

LanePlanes lane_planes(const Window& window, int64_t depth);

// Some places of one group of one image by some of its filters.
struct PlaceTile {
  int64_t image, group;
  int64_t first_filter, end_filter;  // of the group
  int64_t first_place;
  int vectors;
};

}  // namespace plumline
