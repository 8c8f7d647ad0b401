#include "core/tile_registers.h"
#include "kernels/tile_check/tile_check.h"

namespace plumline {
namespace PLUMLINE_ISA_NAMESPACE {

void multiply_factors(const TileFactors& factors, TileProducts* products) {
  TileRegisters tiles(kFullTiles);
  tiles.zero<0>();
  tiles.zero<1>();
  tiles.load<4>(factors.bf16[0], kTileBytes);
  tiles.load<6>(factors.bf16[1], kTileBytes);
  tiles.multiply_bf16<0, 4, 6>();
  tiles.multiply_bf16<0, 4, 6>();  // adds to what is there
  tiles.store<0>(products->bf16, kTileBytes);
  tiles.load<5>(factors.bytes[0], kTileBytes);
  tiles.load<7>(factors.bytes[1], kTileBytes);
  tiles.multiply_s8_u8<1, 5, 7>();
  tiles.store<1>(products->s8_u8, kTileBytes);
  tiles.multiply_s8_s8<1, 5, 7>();
  tiles.store<1>(products->s8_s8, kTileBytes);
}

}  // namespace PLUMLINE_ISA_NAMESPACE
}  // namespace plumline
