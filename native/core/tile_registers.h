#pragma once

// Tile registers: eight matrices of up to 16 rows of 64 bytes, and products of them. A kernel for them stands once in a
// .inl file; in a file *_amx.cc they are those of AMX, in any other file the same computed in software. Both are used
// alike: configured when a job begins, given back when it ends, as they belong to the thread.

#include "core/emulated_tiles.h"
#include "core/simd.h"
#include "core/tile_config.h"

namespace plumline {
namespace PLUMLINE_ISA_NAMESPACE {

#if PLUMLINE_TILE_REGISTERS

// One instruction a member. Written in assembly because compilers' own functions for them take the number of a register
// only as a literal, and some do not know that they read and write memory.
class TileRegisters {
 public:
  explicit TileRegisters(const TileConfig& config) { __asm__ volatile("ldtilecfg %0" : : "m"(config) : "memory"); }
  ~TileRegisters() { __asm__ volatile("tilerelease" : : : "memory"); }
  TileRegisters(const TileRegisters&) = delete;
  TileRegisters& operator=(const TileRegisters&) = delete;

  template <int t>
  void zero() {
    __asm__ volatile("tilezero %%tmm%c0" : : "i"(t));
  }
  // Rows lie `stride` bytes apart.
  template <int t>
  void load(const void* from, int64_t stride) {
    __asm__ volatile("tileloadd (%0,%1,1), %%tmm%c2" : : "r"(from), "r"(stride), "i"(t) : "memory");
  }
  template <int t>
  void store(void* to, int64_t stride) {
    __asm__ volatile("tilestored %%tmm%c2, (%0,%1,1)" : : "r"(to), "r"(stride), "i"(t) : "memory");
  }

  // c[m][n] += the sum over k of a[m][k] * b[k][n]. Row m of `a` is 32 numbers of bf16, or 64 of eight bits; row k of
  // `b` holds, for each column, the two (or four) numbers that stand below each other, so 16 columns of them.
  template <int c, int a, int b>
  void multiply_bf16() {
    __asm__ volatile("tdpbf16ps %%tmm%c2, %%tmm%c1, %%tmm%c0" : : "i"(c), "i"(a), "i"(b));
  }
  template <int c, int a, int b>
  void multiply_s8_u8() {
    __asm__ volatile("tdpbsud %%tmm%c2, %%tmm%c1, %%tmm%c0" : : "i"(c), "i"(a), "i"(b));
  }
  template <int c, int a, int b>
  void multiply_s8_s8() {
    __asm__ volatile("tdpbssd %%tmm%c2, %%tmm%c1, %%tmm%c0" : : "i"(c), "i"(a), "i"(b));
  }
};

#else

class TileRegisters {
 public:
  explicit TileRegisters(const TileConfig& config) : tiles_(config) {}

  template <int t>
  void zero() {
    tiles_.zero(t);
  }
  template <int t>
  void load(const void* from, int64_t stride) {
    tiles_.load(t, from, stride);
  }
  template <int t>
  void store(void* to, int64_t stride) {
    tiles_.store(t, to, stride);
  }
  template <int c, int a, int b>
  void multiply_bf16() {
    tiles_.multiply_bf16(c, a, b);
  }
  template <int c, int a, int b>
  void multiply_s8_u8() {
    tiles_.multiply_s8_u8(c, a, b);
  }
  template <int c, int a, int b>
  void multiply_s8_s8() {
    tiles_.multiply_s8_s8(c, a, b);
  }

 private:
  EmulatedTiles tiles_;
};

#endif

}  // namespace PLUMLINE_ISA_NAMESPACE
}  // namespace plumline
