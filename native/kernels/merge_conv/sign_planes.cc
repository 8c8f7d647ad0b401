#include "kernels/merge_conv/sign_planes.h"

namespace plumline {
namespace {

class Builder {
 public:
  explicit Builder(const Weights& weights) : weights_(weights) {}

  SignPlanes run() {
    made_.row_start.push_back(0);
    for (int64_t m = 0; m < weights_.filters; ++m) {
      add_filter(m);
      made_.row_start.push_back(static_cast<int32_t>(made_.coefficient.size()));
    }
    return std::move(made_);
  }

 private:
  void add_filter(int64_t m) {
    const int32_t first = weights_.row_start[m], count = weights_.row_start[m + 1] - first;
    const float* a = weights_.coefficient + first;
    const float total = weights_.total_coefficient.empty() ? 0.0f : weights_.total_coefficient[m];
    if (count == 1 && total != 0.0f && a[0] + total == -total) {
      add_plane(-total, [&](int64_t k) { return weights_.bit(first, k) ? 1 : -1; });
      return;
    }
    if (total != 0.0f) add_plane(total, [](int64_t) { return 1; });
    if (count == 2 && a[0] == -a[1]) {
      add_plane(a[0], [&](int64_t k) { return int{weights_.bit(first, k)} - int{weights_.bit(first + 1, k)}; });
      return;
    }
    for (int32_t i = 0; i < count; ++i)
      add_plane(a[i], [&](int64_t k) { return weights_.bit(first + i, k) ? 1 : 0; });
  }

  template <class Sign>
  void add_plane(float coefficient, const Sign& sign) {
    made_.coefficient.push_back(coefficient);
    for (int64_t k = 0; k < weights_.columns; ++k) made_.signs.push_back(static_cast<int8_t>(sign(k)));
  }

  const Weights& weights_;
  SignPlanes made_;
};

}  // namespace

SignPlanes sign_planes(const Weights& weights) { return Builder(weights).run(); }

}  // namespace plumline
