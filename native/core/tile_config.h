#pragma once

#include <cstdint>

namespace plumline {

constexpr int kTileRows = 16;    // of a tile register, at most
constexpr int kTileBytes = 64;   // of a row, at most

// The sizes of the tile registers, in the form that the processor loads.
struct alignas(64) TileConfig {
  uint8_t palette;
  uint8_t start_row;
  uint8_t reserved1[14];
  uint16_t row_bytes[8];
  uint8_t reserved2[16];
  uint8_t rows[8];
  uint8_t reserved3[8];
};
static_assert(sizeof(TileConfig) == 64, "the processor reads 64 bytes");

// All eight as large as they can be. Palette 1 is the one with eight registers of a kilobyte.
constexpr TileConfig kFullTiles = {
    1, 0, {}, {64, 64, 64, 64, 64, 64, 64, 64}, {}, {16, 16, 16, 16, 16, 16, 16, 16}, {}};

}  // namespace plumline
