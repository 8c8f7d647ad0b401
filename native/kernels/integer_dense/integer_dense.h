#pragma once

#include "kernels/integer/lane_planes.h"
#include "kernels/integer/layer.h"

namespace plumline {

struct IntegerDenseKernel {
  const char* isa;
  int lanes;
  int depth;        // channels in a lane
  int vectors;      // of places in a tile, at most
  int64_t filters;  // in a block
  double cycles;    // for the products of a vector
  // What is to be taken off a sum for each unit of a filter's weights (see PackCode).
  int32_t (*zero)(const Codes&);
  // Channels [block * depth, ...) of one group: `input` is its first channel, `to` the group's planes.
  void (*pack)(const Window&, const LanePlanes&, const Codes&, const uint8_t* input, int64_t block, void* to);
  // `finish` begins with the group's first filter; `planes` and `weights` are the group's; `output` the whole output.
  void (*run)(const Window&, const LanePlanes&, const PlaceTile&, const IntegerFinish&, const void* planes,
              const void* weights, void* output);
};

#define PLUMLINE_KERNEL(space, isa)                     \
  namespace space {                                     \
  extern const IntegerDenseKernel integer_dense_kernel; \
  }
#include "kernels/integer/kernels.inc"
#undef PLUMLINE_KERNEL

}  // namespace plumline
