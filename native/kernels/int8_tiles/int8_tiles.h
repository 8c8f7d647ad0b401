#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/cpu.h"

namespace plumline {

// Products of matrices of eight-bit numbers, summed in int32, on tile registers:
//   sums[m][n] = sum over k of weights[m][k] * inputs[k][n]
// The sums are exact as long as they fit, whatever stands in between: overflows wrap around and cancel.

constexpr int64_t kInt8Step = 64;    // columns of the weights that one product of tiles covers
constexpr int64_t kInt8Chunk = 512;  // at a time: inputs and weights of a block then fit in the first cache
constexpr int64_t kInt8Block = 32;   // rows, or columns of the inputs, whose sums stay in registers

// 64 columns of a row of ones, minus ones and zeros.
struct Int8Signs {
  uint64_t plus, minus;
};

// By chunk, by row, by column; 16 more rows of a chunk may be read. Or, by step, by row.
struct Int8Weights {
  const int8_t* bytes;
  const Int8Signs* signs;  // null: bytes
  int64_t rows, steps;
};

// The inputs of 64 columns of the weights are 16 rows of `width` quads, `stride` apart, the first at steps[step]. Quad n
// of row i holds inputs[4 * i .. 4 * i + 3][n] of the step, in this order; where the weights have no column more, it may
// hold anything. Steps may overlap: those of a convolution's taps can be shifted views of one image of quads.
struct Int8Inputs {
  const uint32_t* const* steps;
  int64_t stride;  // in quads
  int64_t width;   // a multiple of 16
  bool is_signed;
};

struct Int8TilesKernel {
  const char* isa;
  // Rows [first, end) of the sums. Row m begins at sums + (m - first) * stride; there must be room for a multiple of 16
  // rows. Scratch: kInt8Scratch bytes. What a row becomes does not depend on which are computed together.
  void (*multiply)(const Int8Weights& weights, int64_t first, int64_t end, const Int8Inputs& inputs, int32_t* sums,
                   int64_t stride, int8_t* scratch);
  // Makes n quads of four rows of bytes, null for rows of zeros.
  void (*interleave)(const uint8_t* const* rows, int64_t n, uint32_t* quads);
};
constexpr size_t kInt8Scratch = kInt8Block * kInt8Chunk;

// Null where no tile registers are usable.
const Int8TilesKernel* int8_tiles(Isa isa);

// Weights in the kernel's order: as bits where all are -1, 0 or 1, an eighth to a quarter of the bytes to read.
class Int8TileWeights {
 public:
  Int8TileWeights(const int8_t* weights, int64_t rows, int64_t columns);  // row-major

  Int8Weights view() const { return {bytes_.data(), signs_.empty() ? nullptr : signs_.data(), rows_, steps_}; }

 private:
  int64_t rows_, steps_;
  std::vector<int8_t> bytes_;
  std::vector<Int8Signs> signs_;
};

#define PLUMLINE_KERNEL(space, isa)               \
  namespace space {                               \
  extern const Int8TilesKernel int8_tiles_kernel; \
  }
#include "kernels/int8_tiles/kernels.inc"
#undef PLUMLINE_KERNEL

}  // namespace plumline
