#include "core/tile_block.h"
#include "kernels/int8_tiles/int8_tiles.h"

namespace plumline {
namespace PLUMLINE_ISA_NAMESPACE {
namespace {

inline void expand(const Int8Signs& signs, int8_t* to) {
#if defined(__AVX512F__)
  const __m512i plus = _mm512_maskz_mov_epi8(signs.plus, _mm512_set1_epi8(1));
  _mm512_storeu_si512(to, _mm512_mask_mov_epi8(plus, signs.minus, _mm512_set1_epi8(-1)));
#else
  for (int i = 0; i < kInt8Step; ++i)
    to[i] = static_cast<int8_t>(static_cast<int>(signs.plus >> i & 1) - static_cast<int>(signs.minus >> i & 1));
#endif
}

// Weights of up to 32 rows in a chunk: where its first tile begins, and the distances in bytes.
struct Operand {
  const int8_t* at;
  int64_t row, step;
};

Operand operand(const Int8Weights& weights, int64_t row, int64_t end, int64_t step, int64_t steps, int8_t* scratch) {
  const int64_t columns = steps * kInt8Step;
  if (!weights.signs) return {weights.bytes + step * kInt8Step * weights.rows + row * columns, columns, kInt8Step};
  const int64_t count = end - row < kInt8Block ? end - row : kInt8Block;
  for (int64_t s = 0; s < steps; ++s) {
    int8_t* to = scratch + s * kInt8Block * kInt8Step;
    for (int64_t i = 0; i < count; ++i) expand(weights.signs[(step + s) * weights.rows + row + i], to + i * kInt8Step);
  }
  return {scratch, kInt8Step, kInt8Block * kInt8Step};
}

// The sums of one block (+)= those of a chunk.
template <class Product, int rows, int cols>
void multiply_block(TileRegisters& tiles, const Operand& weights, const Int8Inputs& inputs, int64_t column,
                    int64_t step, int64_t steps, int32_t* sums, int64_t stride) {
  TileBlock<rows, cols> block(tiles);
  if (step == 0)
    block.zero();
  else
    block.load(sums, stride * 4);
  for (int64_t s = 0; s < steps; ++s) {
    block.load_left(weights.at + s * weights.step, weights.row);
    block.load_right(inputs.steps[step + s] + column, inputs.stride * 4);
    block.template multiply<Product>();
  }
  block.store(sums, stride * 4);
}

template <class Product, int rows>
void multiply_row_of_blocks(TileRegisters& tiles, const Operand& weights, const Int8Inputs& inputs, int64_t step,
                            int64_t steps, int32_t* sums, int64_t stride) {
  int64_t column = 0;
  for (; inputs.width - column >= kInt8Block; column += kInt8Block)
    multiply_block<Product, rows, 2>(tiles, weights, inputs, column, step, steps, sums + column, stride);
  if (column < inputs.width)
    multiply_block<Product, rows, 1>(tiles, weights, inputs, column, step, steps, sums + column, stride);
}

template <class Product>
void multiply_kind(const Int8Weights& weights, int64_t first, int64_t end, const Int8Inputs& inputs, int32_t* sums,
                   int64_t stride, int8_t* scratch) {
  TileRegisters tiles(kFullTiles);
  constexpr int64_t kChunkSteps = kInt8Chunk / kInt8Step;
  for (int64_t step = 0; step < weights.steps; step += kChunkSteps) {
    const int64_t steps = weights.steps - step < kChunkSteps ? weights.steps - step : kChunkSteps;
    for (int64_t row = first; row < end; row += kInt8Block) {
      const Operand left = operand(weights, row, end, step, steps, scratch);
      int32_t* to = sums + (row - first) * stride;
      if (end - row > kTileRows)
        multiply_row_of_blocks<Product, 2>(tiles, left, inputs, step, steps, to, stride);
      else
        multiply_row_of_blocks<Product, 1>(tiles, left, inputs, step, steps, to, stride);
    }
  }
}

void multiply(const Int8Weights& weights, int64_t first, int64_t end, const Int8Inputs& inputs, int32_t* sums,
              int64_t stride, int8_t* scratch) {
  if (inputs.is_signed)
    multiply_kind<SignedSignedProduct>(weights, first, end, inputs, sums, stride, scratch);
  else
    multiply_kind<SignedUnsignedProduct>(weights, first, end, inputs, sums, stride, scratch);
}

void interleave(const uint8_t* const* rows, int64_t n, uint32_t* quads) {
  for (int64_t i = 0; i < n; ++i) quads[i] = 0;
  for (int j = 0; j < 4; ++j) {
    const uint8_t* row = rows[j];
    for (int64_t i = 0; row && i < n; ++i) quads[i] |= static_cast<uint32_t>(row[i]) << 8 * j;
  }
}

}  // namespace

extern const Int8TilesKernel int8_tiles_kernel;
const Int8TilesKernel int8_tiles_kernel = {PLUMLINE_ISA_NAME, multiply, interleave};

}  // namespace PLUMLINE_ISA_NAMESPACE
}  // namespace plumline
