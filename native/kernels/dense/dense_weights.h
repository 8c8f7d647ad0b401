#pragma once

#include <memory>

#include "core/aligned.h"
#include "kernels/conv/method.h"

namespace plumline {

// A matrix in the order that the kernels whose lanes are filters read: group by group, vector of filters by vector,
// filled up with zeros, column by column.
class DenseWeights {
 public:
  DenseWeights(const Weights& weights, const Taps& taps, int lanes);

  int64_t filters() const { return filters_; }  // of a group
  int64_t columns() const { return columns_; }
  const float* group(int64_t group) const { return data_ + group * group_size_; }
  float at(int64_t group, int64_t filter, int64_t column) const {
    return this->group(group)[(filter / lanes_ * columns_ + column) * lanes_ + filter % lanes_];
  }

 private:
  int64_t filters_, columns_, lanes_, group_size_;
  std::shared_ptr<std::byte> memory_;
  float* data_;
};

// Windows of 3x3 without stride or dilation (winograd/winograd.h); any other costs infinity.
std::unique_ptr<ConvMethod> make_winograd(std::shared_ptr<const DenseWeights> weights, const Taps& taps, Isa isa);

}  // namespace plumline
