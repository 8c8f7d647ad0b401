#pragma once

// Codes from and to numbers, on vectors. Only for files of one instruction set.

#include "core/simd_int.h"
#include "kernels/quantize/codes.h"

namespace plumline {
namespace PLUMLINE_ISA_NAMESPACE {

// Codes of numbers that the scale has divided already. They are clamped before they are rounded, which is the same as
// the bounds are whole numbers, and keeps all that follows small. max() and min() of NaN give the bound.
class Rounding {
 public:
  explicit Rounding(const Codes& codes)
      : low_(F32::set(static_cast<float>(codes.low - codes.zero_point))),
        high_(F32::set(static_cast<float>(codes.high - codes.zero_point))),
        zero_point_(I32::set(codes.zero_point)) {}

  I32 operator()(F32 x) const { return round_to_even(min(max(x, low_), high_)) + zero_point_; }

 private:
  F32 low_, high_;
  I32 zero_point_;
};

inline I32 load_codes(const Codes& codes, const uint8_t* p) {
  return codes.is_signed ? I32::load_int8(p) : I32::load_uint8(p);
}

}  // namespace PLUMLINE_ISA_NAMESPACE
}  // namespace plumline
