#pragma once

#include <cstdint>

#include "core/cpu.h"

namespace plumline {

// Whether kernels for tile registers may run under an instruction set. AMX is first asked for a product of each kind
// that they use: where an answer is wrong, AMX stays off in this process, and one line says so.
bool tiles_usable(Isa isa);

// Factors of small whole numbers, whose sums are exact in any order, and the three kinds of products of them.
struct TileFactors {
  alignas(64) uint16_t bf16[2][512];
  alignas(64) int8_t bytes[2][1024];
};
struct TileProducts {
  alignas(64) uint32_t bf16[256], s8_u8[256], s8_s8[256];
};

#if PLUMLINE_AMX
namespace amx {
void multiply_factors(const TileFactors& factors, TileProducts* products);
}
#endif
namespace portable {
void multiply_factors(const TileFactors& factors, TileProducts* products);
}

}  // namespace plumline
