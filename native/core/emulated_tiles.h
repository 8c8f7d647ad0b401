#pragma once

#include <cstdint>

#include "core/tile_config.h"

namespace plumline {

// The tile registers of a thread and the instructions on them, as the processor's manual defines them, bit for bit but
// for the payload of NaN. What the processor would refuse ends the program.
class EmulatedTiles {
 public:
  explicit EmulatedTiles(const TileConfig& config);

  void zero(int t);
  void load(int t, const void* from, int64_t stride);
  void store(int t, void* to, int64_t stride) const;
  void multiply_bf16(int c, int a, int b);
  void multiply_s8_u8(int c, int a, int b);
  void multiply_s8_s8(int c, int a, int b);

 private:
  void check_product(int c, int a, int b) const;
  template <class B>
  void multiply_bytes(int c, int a, int b);

  TileConfig config_;
  alignas(64) uint8_t tiles_[8][kTileRows][kTileBytes];
};

}  // namespace plumline
