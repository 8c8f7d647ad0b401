#pragma once

#include <cmath>

#include "kernels/quantize/codes.h"

namespace plumline {

// The code of a number that the scale has divided already: the definition that vector code is tested against.
inline uint8_t rounded_code(const Codes& codes, float x) {
  const float low = static_cast<float>(codes.low - codes.zero_point);
  const float high = static_cast<float>(codes.high - codes.zero_point);
  const float clamped = !(x > low) ? low : x > high ? high : x;  // NaN: the lowest
  return static_cast<uint8_t>(static_cast<int32_t>(std::nearbyint(clamped)) + codes.zero_point);
}

inline int32_t code_value(const Codes& codes, uint8_t byte) { return codes.is_signed ? static_cast<int8_t>(byte) : byte; }

}  // namespace plumline
