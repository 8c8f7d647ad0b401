#pragma once

#include <cstdint>
#include <vector>

#include "kernels/conv/method.h"
#include "kernels/limbs/limbs.h"

namespace plumline {

// The rows of planes as rows of signs. Two planes of a filter become one row where their coefficients are opposite and
// no column has both (ternary weights of one size); a plane and the total become one where the weights are opposite.
class SignRows {
 public:
  SignRows(const Weights& weights, const Taps& taps, int64_t pairs);  // `pairs`: of channels of a group

  int64_t rows() const { return row_start_.back(); }  // of all filters
  int64_t most_rows() const { return most_rows_; }  // of a group, with that of ones
  LimbWeights view() const;

 private:
  int64_t most_rows_ = 0;
  std::vector<int32_t> row_start_;
  std::vector<float> coefficient_;
  std::vector<float> total_coefficient_;  // empty where all are zero
  std::vector<Signs> signs_;
};

}  // namespace plumline
