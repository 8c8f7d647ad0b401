#include "core/tile_block.h"
#include "kernels/conv/finish.inl"
#include "kernels/conv/pack.inl"
#include "kernels/limbs/limbs.h"
#include "kernels/limbs/split.inl"

namespace plumline {
namespace PLUMLINE_ISA_NAMESPACE {
namespace {

constexpr int64_t kTileNumbers = kTileFilters * kStepColumns;  // of bf16

// Weights of up to 32 rows in a chunk, in bf16: where its first tile begins, and the distances in numbers.
struct Operand {
  const uint16_t* at;
  int64_t row, step, limb;
  int limbs;
};

inline void expand(const Signs& signs, uint16_t* to) {
  constexpr uint16_t kOne = 0x3F80, kMinusOne = 0xBF80;
#if defined(__AVX512F__)
  const __m512i plus = _mm512_maskz_mov_epi16(signs.plus, _mm512_set1_epi16(static_cast<short>(kOne)));
  const __m512i minus = _mm512_set1_epi16(static_cast<short>(kMinusOne));
  _mm512_storeu_si512(to, _mm512_mask_mov_epi16(plus, signs.minus, minus));
#else
  for (int i = 0; i < kStepColumns; ++i)
    to[i] = static_cast<uint16_t>((signs.plus >> i & 1) * kOne | (signs.minus >> i & 1) * kMinusOne);
#endif
}

// The sums of rows x cols tiles (+)= the weights times the panel, limb by limb: of the weights' first limb times all
// of the inputs', of the second times the first two, of the third times the first. What is left out is below 2^-22 of a
// product: the second limb of a weight (see weight_limbs.h) is below 2^-8 of it and the third below 2^-17, those of an
// input below 2^-7 and 2^-15. Weights with one limb lose nothing.
template <int rows, int cols, int64_t width>
void multiply(TileRegisters& tiles, const Operand& weights, const float* panel, int64_t steps, bool first,
              float* sums) {
  constexpr int64_t stride = width * sizeof(float);
  TileBlock<rows, cols> block(tiles);
  if (first)
    block.zero();
  else
    block.load(sums, stride);
  for (int64_t step = 0; step < steps; ++step) {
    for (int limb = 0; limb < weights.limbs; ++limb) {
      block.load_left(weights.at + step * weights.step + limb * weights.limb, weights.row * 2);
      for (int other = 0; other < kLimbs - limb; ++other) {
        block.load_right(panel + (other * steps + step) * kStepPairs * width, stride);
        block.template multiply<Bf16Product>();
      }
    }
  }
  block.store(sums, stride);
}

// The same for all `pixel_tiles` tiles of the panel's width.
template <int rows, int pixel_tiles>
void multiply_panel(TileRegisters& tiles, const Operand& weights, const float* panel, int64_t steps, bool first,
                    float* sums) {
  constexpr int64_t width = pixel_tiles * kTilePixels;
  constexpr int64_t block = kBlockTiles * kTilePixels;
  for (int64_t column = 0; column + block <= width; column += block)
    multiply<rows, 2, width>(tiles, weights, panel + column, steps, first, sums + column);
  if constexpr (pixel_tiles % 2 == 1) {
    constexpr int64_t column = width - kTilePixels;
    multiply<rows, 1, width>(tiles, weights, panel + column, steps, first, sums + column);
  }
}

// The rows of the matrix that a tile of the convolution needs, and where their weights come from.
class Rows {
 public:
  Rows(const Window& window, const Tile& tile, const LimbWeights& weights, uint16_t* expanded)
      : weights_(weights), expanded_(expanded), filters_(window.filters), pairs_(window.columns()) {
    const int64_t steps = (pairs_ + kStepPairs - 1) / kStepPairs;
    if (weights.limbs) {
      first_ = tile.first_filter;
      count_ = tile.end_filter - tile.first_filter;
      limbs_ = weights.limbs + tile.group * weights.limb_count * filters_ * steps * kStepColumns;
    } else {
      const int32_t* row_start = weights.row_start + tile.group * filters_;
      first_ = row_start[tile.first_filter] - row_start[0];
      planes_ = row_start[tile.end_filter] - row_start[tile.first_filter];
      count_ = planes_ + (weights.total_coefficient ? 1 : 0);
      group_rows_ = row_start[filters_] - row_start[0];
      signs_ = weights.signs + row_start[0] * steps;
    }
  }

  int64_t count() const { return count_; }

  // Those of rows [row, row + 16 * tiles) in a chunk that begins at a pair and has `steps` steps.
  Operand operand(int64_t row, int tiles, int64_t pair, int64_t steps) const {
    if (weights_.limbs) {
      const int64_t columns = steps * kStepColumns;
      return {limbs_ + 2 * pair * weights_.limb_count * filters_ + (first_ + row) * columns, columns, kStepColumns,
              filters_ * columns, weights_.limb_count};
    }
    const int64_t height = tiles * kTileFilters;
    for (int64_t step = 0; step < steps; ++step) {
      const int64_t at = pair / kStepPairs + step;
      for (int64_t i = 0; i < height; ++i)
        expand(signs(row + i, at), expanded_ + (step * height + i) * kStepColumns);
    }
    return {expanded_, kStepColumns, height * kStepColumns, 0, 1};
  }

 private:
  Signs signs(int64_t row, int64_t step) const {
    if (row < planes_) return signs_[step * group_rows_ + first_ + row];
    if (row >= count_) return {0, 0};
    const int64_t columns = 2 * pairs_ - step * kStepColumns;  // the row of ones
    return {columns < kStepColumns ? (uint32_t{1} << columns) - 1 : ~uint32_t{0}, 0};
  }

  const LimbWeights& weights_;
  uint16_t* expanded_;
  int64_t filters_, pairs_;
  int64_t first_ = 0, count_ = 0;
  int64_t planes_ = 0, group_rows_ = 0;
  const uint16_t* limbs_ = nullptr;
  const Signs* signs_ = nullptr;
};

// Rows [begin, end) of the panel of each limb; those up to the next whole step are zero.
template <class Packer>
void pack_limbs(const Packer* packers, int64_t begin, int64_t end, int64_t steps, float* panel) {
  for (int limb = 0; limb < kLimbs; ++limb, panel += steps * kStepPairs * Packer::kWidth) {
    packers[limb].pack(begin, end, panel);
    for (int64_t i = (end - begin) * Packer::kWidth; i < steps * kStepPairs * Packer::kWidth; i += F32::kLanes)
      F32::set(0).store(panel + i);
  }
}

template <int pixel_tiles>
void run_tile(const Window& window, const Tile& tile, const Finish& finish, const float* pairs, int64_t limb_stride,
              const LimbWeights& weights, float* scratch) {
  if constexpr (pixel_tiles > 1) {
    if (tile.vectors < pixel_tiles)
      return run_tile<pixel_tiles - 1>(window, tile, finish, pairs, limb_stride, weights, scratch);
  }
  using TilePacker = Packer<pixel_tiles * kTilePixels / F32::kLanes>;
  constexpr int64_t width = TilePacker::kWidth;
  float* panel = scratch;
  float* expanded = panel + kLimbs * kChunkPairs * kPixelTiles * kTilePixels;
  float* sums = expanded + kBlockTiles * kTileNumbers * kChunkSteps / 2;

  const TilePacker packers[kLimbs] = {
      {window, pairs, tile}, {window, pairs + limb_stride, tile}, {window, pairs + 2 * limb_stride, tile}};
  const Rows rows(window, tile, weights, reinterpret_cast<uint16_t*>(expanded));
  {
    TileRegisters tiles(kFullTiles);
    for (int64_t k = 0; k < window.columns(); k += kChunkPairs) {
      const int64_t end = window.columns() - k < kChunkPairs ? window.columns() : k + kChunkPairs;
      const int64_t steps = (end - k + kStepPairs - 1) / kStepPairs;
      pack_limbs(packers, k, end, steps, panel);
      for (int64_t row = 0; row < rows.count(); row += 2 * kTileFilters) {
        float* to = sums + row * width;
        if (rows.count() - row > kTileFilters)
          multiply_panel<2, pixel_tiles>(tiles, rows.operand(row, 2, k, steps), panel, steps, k == 0, to);
        else
          multiply_panel<1, pixel_tiles>(tiles, rows.operand(row, 1, k, steps), panel, steps, k == 0, to);
      }
    }
  }

  if (weights.limbs) {
    finish_tile(window, tile, finish,
                [&](int64_t filter, int64_t lane) { return F32::load(sums + filter * width + lane); });
    return;
  }
  const int32_t* row_start = weights.row_start + tile.group * window.filters;
  finish_tile(window, tile, finish, [&](int64_t filter, int64_t lane) {
    const int64_t m = tile.first_filter + filter;
    F32 y = F32::set(0);
    if (weights.total_coefficient)
      y = F32::set(weights.total_coefficient[tile.group * window.filters + m]) *
          F32::load(sums + (rows.count() - 1) * width + lane);
    for (int32_t row = row_start[m]; row < row_start[m + 1]; ++row)
      y = fma(F32::set(weights.coefficient[row]),
              F32::load(sums + (row - row_start[tile.first_filter]) * width + lane), y);
    return y;
  });
}

}  // namespace

extern const LimbsKernel limbs_kernel;
const LimbsKernel limbs_kernel = {PLUMLINE_ISA_NAME, split, run_tile<kPixelTiles>};

}  // namespace PLUMLINE_ISA_NAMESPACE
}  // namespace plumline
