#include "kernels/int8_tiles/int8_tiles.h"

#include <algorithm>

#include "core/tile_config.h"
#include "kernels/select.h"
#include "kernels/tile_check/tile_check.h"

namespace plumline {
namespace {

#define PLUMLINE_KERNEL(space, isa) {isa, &space::int8_tiles_kernel},
constexpr Implementation<Int8TilesKernel> kKernels[] = {
#include "kernels/int8_tiles/kernels.inc"
};
#undef PLUMLINE_KERNEL

bool is_sign(int8_t weight) { return weight >= -1 && weight <= 1; }

}  // namespace

const Int8TilesKernel* int8_tiles(Isa isa) { return tiles_usable(isa) ? &select_kernels(kKernels, isa) : nullptr; }

Int8TileWeights::Int8TileWeights(const int8_t* weights, int64_t rows, int64_t columns)
    : rows_(rows), steps_((columns + kInt8Step - 1) / kInt8Step) {
  const int64_t width = steps_ * kInt8Step;
  if (std::all_of(weights, weights + rows * columns, is_sign)) {
    signs_.assign(rows * steps_, Int8Signs{0, 0});
    for (int64_t m = 0; m < rows; ++m) {
      for (int64_t k = 0; k < columns; ++k) {
        Int8Signs& signs = signs_[k / kInt8Step * rows + m];
        const int8_t weight = weights[m * columns + k];
        signs.plus |= uint64_t{weight == 1} << k % kInt8Step;
        signs.minus |= uint64_t{weight == -1} << k % kInt8Step;
      }
    }
    return;
  }
  bytes_.assign(rows * width + kTileRows * kInt8Chunk, 0);
  for (int64_t first = 0; first < width; first += kInt8Chunk) {
    const int64_t chunk = std::min(kInt8Chunk, width - first);
    for (int64_t m = 0; m < rows; ++m) {
      const int64_t count = std::min(chunk, columns - first);
      std::copy_n(weights + m * columns + first, count, bytes_.data() + first * rows + m * chunk);
    }
  }
}

}  // namespace plumline
