#pragma once

#include <vector>

#include "kernels/weights/weights.h"

namespace plumline {

// Planes as rows of signs: a filter is the sum over its planes of coefficient * (sum of +- inputs). Two planes of
// opposite coefficients are one of signs, and so is a plane with the total that makes it {-a, +a}; another total is a
// plane of ones.
class SignPlanes {
 public:
  explicit SignPlanes(const Weights& weights);

  int64_t size() const { return static_cast<int64_t>(coefficient_.size()); }
  const std::vector<int32_t>& row_start() const { return row_start_; }  // planes of each filter
  const std::vector<float>& coefficient() const { return coefficient_; }  // one a plane

  // Puts -1, 0 or 1 for each of the given columns.
  void signs(int64_t plane, const std::vector<int64_t>& columns, int8_t* to) const;

 private:
  // A sign is `at_one` or `at_zero` by the bit of a plane of the weights, less the bit of another one.
  struct Source {
    int32_t plane, subtracted;  // -1 for none
    int8_t at_zero, at_one;
  };

  const uint8_t* row(int32_t plane) const { return plane < 0 ? nullptr : weights_.bits + plane * weights_.plane_bytes(); }
  void add_filter(int64_t filter);
  void add_plane(float coefficient, const Source& source);

  const Weights weights_;
  std::vector<int32_t> row_start_;
  std::vector<float> coefficient_;
  std::vector<Source> sources_;
};

}  // namespace plumline
