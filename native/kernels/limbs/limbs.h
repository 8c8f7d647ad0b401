#pragma once

#include "kernels/conv/window.h"

namespace plumline {

// Convolution in products of bf16 numbers, added up in float32, on tile registers; see split.inl for why nothing is
// lost. Inputs become pairs of neighbouring channels, as the registers want them: an image of half as many channels
// for each limb, whose numbers are two of bf16. `Window` below counts pairs as channels.

constexpr int kLimbs = 3;               // bf16 numbers that make a float32
constexpr int64_t kTilePixels = 16;     // columns of a tile of sums
constexpr int64_t kTileFilters = 16;    // rows of it
constexpr int64_t kStepColumns = 32;    // columns of the matrix that one product of tiles covers
constexpr int64_t kStepPairs = 16;
constexpr int64_t kBlockTiles = 2;      // tiles of filters, and of pixels, whose sums stay in registers
constexpr int kPixelTiles = 4;          // that share the weights of a block, once they are read and expanded
constexpr int64_t kChunkSteps = 4;      // at a time: the weights of a block then fit in the first cache
constexpr int64_t kChunkPairs = kChunkSteps * kStepPairs;
constexpr int64_t kChunkColumns = kChunkSteps * kStepColumns;

// 32 columns of a row of ones, minus ones and zeros.
struct Signs {
  uint32_t plus, minus;
};

// The matrix has its columns in tap-major order (see weights.h), an even number of them a tap. It is held either way:
struct LimbWeights {
  // - rows of signs, each with a coefficient: by group, by step, by row. A group's rows are those of its filters, from
  //   row_start[filter] on, and where there is a total_coefficient one of ones more.
  const Signs* signs;
  const int32_t* row_start;
  const float* coefficient;        // one a row, but for the ones
  const float* total_coefficient;  // one a filter, or null
  // - one to three bf16 matrices whose sum it is: by group, by chunk, by limb, by filter; 16 more rows may be read.
  const uint16_t* limbs;  // null: signs
  int limb_count;
};

struct LimbsKernel {
  const char* isa;
  // Splits n numbers of two channels (`odd` null: one, and zeros) into pairs of their first, second, third limbs.
  void (*split)(const float* even, const float* odd, int64_t n, float* const* limbs);
  // `pairs`: the images of each limb, `limb_stride` apart. Scratch: see worker_bytes in limbs.cc.
  void (*run)(const Window&, const Tile&, const Finish&, const float* pairs, int64_t limb_stride, const LimbWeights&,
              float* scratch);
};

#define PLUMLINE_KERNEL(space, isa)       \
  namespace space {                       \
  extern const LimbsKernel limbs_kernel;  \
  }
#include "kernels/limbs/kernels.inc"
#undef PLUMLINE_KERNEL

}  // namespace plumline
