#pragma once

#include <cstdint>
#include <vector>

#include "kernels/conv/method.h"
#include "kernels/limbs/limbs.h"

namespace plumline {

// A matrix as the sum of bf16 matrices, in the order of LimbWeights::limbs. Rounding to nearest splits a float32 as
// exactly as cutting does (see split.inl), with smaller limbs of either sign: the second is at most 2^-8 of the number,
// the third at most 2^-17. Limbs that are all zero are left out: weights that are bf16 numbers have one.
class WeightLimbs {
 public:
  // `matrix` has a row a filter, columns as ONNX orders them; `pairs`: of channels of a group.
  WeightLimbs(const std::vector<float>& matrix, int64_t filters, const Taps& taps, int64_t pairs);

  // False where a number is not finite or rounds to infinity.
  bool exist() const { return count_ > 0; }
  LimbWeights view() const { return {nullptr, nullptr, nullptr, nullptr, limbs_.data(), count_}; }

 private:
  int count_;
  std::vector<uint16_t> limbs_;
};

}  // namespace plumline
