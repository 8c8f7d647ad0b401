#include "kernels/tile_check/tile_check.h"

#include <cstdio>
#include <cstring>

namespace plumline {
namespace {

#if PLUMLINE_AMX
bool amx_is_right() {
  TileFactors factors;
  for (int i = 0; i < 512; ++i) {
    // -8 to 7 and -4 to 4, as bf16: the upper half of a float.
    const float values[2] = {static_cast<float>(i * 7 % 16 - 8), static_cast<float>(i * 5 % 9 - 4)};
    for (int side = 0; side < 2; ++side) {
      uint32_t bits;
      std::memcpy(&bits, &values[side], sizeof(bits));
      factors.bf16[side][i] = static_cast<uint16_t>(bits >> 16);
    }
  }
  for (int i = 0; i < 1024; ++i) {
    factors.bytes[0][i] = static_cast<int8_t>(i * 37 % 256 - 128);
    factors.bytes[1][i] = static_cast<int8_t>(i * 91 % 256 - 128);
  }
  TileProducts computed, expected;
  amx::multiply_factors(factors, &computed);
  portable::multiply_factors(factors, &expected);
  if (std::memcmp(&computed, &expected, sizeof(expected)) == 0) return true;
  std::fprintf(stderr, "plumline: AMX stays off, as its products are wrong on this machine\n");
  return false;
}
#endif

}  // namespace

bool tiles_usable(Isa isa) {
#if PLUMLINE_AMX
  if (isa == Isa::kAmx) {
    static const bool right = amx_is_right();
    return right;
  }
#endif
  return is_emulated(isa);
}

}  // namespace plumline
