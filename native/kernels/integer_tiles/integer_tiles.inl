#include "kernels/integer/pack.inl"
#include "kernels/integer/places.inl"
#include "kernels/integer_tiles/integer_tiles.h"

namespace plumline {
namespace PLUMLINE_ISA_NAMESPACE {
namespace {

struct SameByte {
  uint8_t operator()(uint8_t byte) const { return byte; }
};

void pack(const Window& window, const LanePlanes& planes, const Codes& codes, const uint8_t* input, int64_t block,
          void* to) {
  const auto zero = static_cast<uint8_t>(codes.zero_point);
  pack_planes<static_cast<int>(kQuadChannels)>(window, planes, SameByte{}, zero, input, block, to);
}

// Where the steps of all taps begin, for the tile's first place.
void find_steps(const IntegerTilesWork& work) {
  const Window& w = work.window;
  const LanePlanes& planes = work.planes;
  const uint32_t** to = work.steps;
  for (int64_t i = 0; i < w.kernel_height; ++i) {
    const int64_t down = i * w.dilation_height;
    for (int64_t j = 0; j < w.kernel_width; ++j) {
      const int64_t across = j * w.dilation_width;
      const int64_t phase = down % w.stride_height * w.stride_width + across % w.stride_width;
      const int64_t place =
          work.tile.first_place + down / w.stride_height * planes.pitch + across / w.stride_width;
      const uint32_t* quads = work.quads + phase * planes.blocks * planes.plane() + place;
      for (int64_t block = 0; block < planes.blocks; block += kStepQuads) *to++ = quads + block * planes.plane();
    }
  }
}

void run(const IntegerTilesWork& work, const Int8TilesKernel& products, void* output) {
  const PlaceTile& tile = work.tile;
  find_steps(work);
  const int64_t lanes = tile.vectors * kPlaceUnit;
  products.multiply(work.weights, tile.first_filter, tile.end_filter,
                    {work.steps, work.planes.plane(), lanes, work.is_signed}, work.sums, kTilePlaces,
                    work.weight_scratch);
  constexpr int kVectors = kTilePlaces / I32::kLanes;
  const Runs<kTilePlaces> runs(work.window, work.planes, tile.first_place, lanes);
  const int32_t* from = work.sums;
  for (int64_t filter = tile.first_filter; filter < tile.end_filter; ++filter, from += kTilePlaces) {
    I32 sum[kVectors];
    // Of the lanes beyond the tile nothing is stored.
    for (int v = 0; v < kVectors; ++v)
      sum[v] = v * I32::kLanes < lanes ? I32::load(from + v * I32::kLanes) : I32::set(0);
    finish_places<kVectors>(work.window, tile, work.finish, runs, filter, sum, output);
  }
}

}  // namespace

extern const IntegerTilesKernel integer_tiles_kernel;
const IntegerTilesKernel integer_tiles_kernel = {PLUMLINE_ISA_NAME, pack, run};

}  // namespace PLUMLINE_ISA_NAMESPACE
}  // namespace plumline
