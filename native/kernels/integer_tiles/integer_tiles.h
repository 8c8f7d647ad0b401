#pragma once

#include "kernels/int8_tiles/int8_tiles.h"
#include "kernels/integer/lane_planes.h"
#include "kernels/integer/layer.h"

namespace plumline {

// Convolution on codes in products of tiles (kernels/int8_tiles). A lane of LanePlanes is a quad of four channels, so
// what a tap reads is a shifted view of the planes, and nothing is copied. Taps begin with a step of their own: the
// planes of a group are rounded up to whole steps, and what the last of them hold meets weights of zero.

constexpr int64_t kQuadChannels = 4;
constexpr int64_t kStepQuads = kInt8Step / kQuadChannels;
constexpr int64_t kPlaceUnit = 16;             // columns of a tile of sums
constexpr int64_t kTilePlaces = 4 * kPlaceUnit;  // that share weights once they are read

struct IntegerTilesWork {
  const Window& window;
  const LanePlanes& planes;
  const PlaceTile& tile;  // of vectors of kPlaceUnit places
  const IntegerFinish& finish;
  const Int8Weights& weights;  // of the group
  const uint32_t* quads;       // likewise
  bool is_signed;
  // Scratch: as many as the weights have steps; kTilePlaces for each filter of the tile, rounded up to 16 of them.
  const uint32_t** steps;
  int32_t* sums;
  int8_t* weight_scratch;  // kInt8Scratch bytes
};

struct IntegerTilesKernel {
  const char* isa;
  // Channels [4 * block, ...) of a group: `input` is its first channel, `to` the group's planes.
  void (*pack)(const Window&, const LanePlanes&, const Codes&, const uint8_t* input, int64_t block, void* to);
  void (*run)(const IntegerTilesWork& work, const Int8TilesKernel& products, void* output);
};

#define PLUMLINE_KERNEL(space, isa)                     \
  namespace space {                                     \
  extern const IntegerTilesKernel integer_tiles_kernel; \
  }
#include "kernels/int8_tiles/kernels.inc"
#undef PLUMLINE_KERNEL

}  // namespace plumline
