#pragma once

#include <cstdint>

namespace plumline {

// The 8-bit numbers of a tensor: a code stands for (code - zero_point) * scale, and is always in [low, high], which lies
// within what the type can say.
struct Codes {
  bool is_signed;  // int8, else uint8
  int32_t zero_point;
  int32_t low, high;
};

}  // namespace plumline
