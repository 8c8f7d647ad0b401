#pragma once

// A block of rows x cols tiles of sums, at most 2 x 2, in tile registers 0 to 3; its factors pass through 4 to 7. A
// product may start every 16 cycles and takes 52, so four sums that take turns keep the multiplier busy. Only for files
// of one instruction set.

#include "core/tile_registers.h"

namespace plumline {
namespace PLUMLINE_ISA_NAMESPACE {

// Kinds of products, for TileBlock::multiply.
struct Bf16Product {
  template <int c, int a, int b>
  static void run(TileRegisters& tiles) {
    tiles.multiply_bf16<c, a, b>();
  }
};
struct SignedUnsignedProduct {
  template <int c, int a, int b>
  static void run(TileRegisters& tiles) {
    tiles.multiply_s8_u8<c, a, b>();
  }
};
struct SignedSignedProduct {
  template <int c, int a, int b>
  static void run(TileRegisters& tiles) {
    tiles.multiply_s8_s8<c, a, b>();
  }
};

// Strides are in bytes, from row to row of a tile. The tiles of a block stand beside and below each other.
template <int rows, int cols>
class TileBlock {
 public:
  explicit TileBlock(TileRegisters& tiles) : tiles_(tiles) {}

  void zero() {
    tiles_.zero<0>();
    if constexpr (cols > 1) tiles_.zero<1>();
    if constexpr (rows > 1) tiles_.zero<2>();
    if constexpr (rows > 1 && cols > 1) tiles_.zero<3>();
  }
  void load(const void* sums, int64_t stride) {
    tiles_.load<0>(sums, stride);
    if constexpr (cols > 1) tiles_.load<1>(right_of(sums), stride);
    if constexpr (rows > 1) tiles_.load<2>(below(sums, stride), stride);
    if constexpr (rows > 1 && cols > 1) tiles_.load<3>(right_of(below(sums, stride)), stride);
  }
  void store(void* sums, int64_t stride) {
    tiles_.store<0>(sums, stride);
    if constexpr (cols > 1) tiles_.store<1>(const_cast<void*>(right_of(sums)), stride);
    if constexpr (rows > 1) tiles_.store<2>(const_cast<void*>(below(sums, stride)), stride);
    if constexpr (rows > 1 && cols > 1) tiles_.store<3>(const_cast<void*>(right_of(below(sums, stride))), stride);
  }
  void load_left(const void* factor, int64_t stride) {
    tiles_.load<4>(factor, stride);
    if constexpr (rows > 1) tiles_.load<5>(below(factor, stride), stride);
  }
  void load_right(const void* factor, int64_t stride) {
    tiles_.load<6>(factor, stride);
    if constexpr (cols > 1) tiles_.load<7>(right_of(factor), stride);
  }
  template <class Product>
  void multiply() {
    Product::template run<0, 4, 6>(tiles_);
    if constexpr (cols > 1) Product::template run<1, 4, 7>(tiles_);
    if constexpr (rows > 1) Product::template run<2, 5, 6>(tiles_);
    if constexpr (rows > 1 && cols > 1) Product::template run<3, 5, 7>(tiles_);
  }

 private:
  static const void* right_of(const void* tile) { return static_cast<const char*>(tile) + kTileBytes; }
  static const void* below(const void* tile, int64_t stride) {
    return static_cast<const char*>(tile) + kTileRows * stride;
  }

  TileRegisters& tiles_;
};

}  // namespace PLUMLINE_ISA_NAMESPACE
}  // namespace plumline
