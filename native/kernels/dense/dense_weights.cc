#include "kernels/dense/dense_weights.h"

#include <algorithm>

namespace plumline {

DenseWeights::DenseWeights(const Weights& weights, const Taps& taps, int lanes)
    : filters_(weights.filters / taps.groups), columns_(weights.columns), lanes_(lanes) {
  group_size_ = (filters_ + lanes - 1) / lanes * lanes * columns_;
  const int64_t size = taps.groups * group_size_;
  memory_ = allocate_aligned(size * sizeof(float));
  data_ = reinterpret_cast<float*>(memory_.get());
  std::fill(data_, data_ + size, 0.0f);
  const std::vector<float> matrix = weights.expanded();
  for (int64_t m = 0; m < weights.filters; ++m) {
    const int64_t filter = m % filters_;
    float* to = data_ + m / filters_ * group_size_ + filter / lanes * lanes * columns_ + filter % lanes;
    for (int64_t k = 0; k < columns_; ++k) to[k * lanes] = matrix[m * columns_ + k];
  }
}

}  // namespace plumline
