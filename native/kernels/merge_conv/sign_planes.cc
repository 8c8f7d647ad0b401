#include "kernels/merge_conv/sign_planes.h"

namespace plumline {

SignPlanes::SignPlanes(const Weights& weights) : weights_(weights) {
  row_start_.push_back(0);
  for (int64_t m = 0; m < weights.filters; ++m) {
    add_filter(m);
    row_start_.push_back(static_cast<int32_t>(coefficient_.size()));
  }
}

void SignPlanes::add_filter(int64_t filter) {
  const int32_t first = weights_.row_start[filter], count = weights_.row_start[filter + 1] - first;
  const float* a = weights_.coefficient + first;
  const float total = weights_.total_coefficient.empty() ? 0.0f : weights_.total_coefficient[filter];
  if (count == 1 && total != 0.0f && a[0] + total == -total) {
    add_plane(-total, {first, -1, -1, 1});
    return;
  }
  if (total != 0.0f) add_plane(total, {-1, -1, 1, 1});
  if (count == 2 && a[0] == -a[1]) {
    add_plane(a[0], {first, first + 1, 0, 1});
    return;
  }
  for (int32_t i = 0; i < count; ++i) add_plane(a[i], {first + i, -1, 0, 1});
}

void SignPlanes::add_plane(float coefficient, const Source& source) {
  coefficient_.push_back(coefficient);
  sources_.push_back(source);
}

void SignPlanes::signs(int64_t plane, const std::vector<int64_t>& columns, int8_t* to) const {
  const Source& source = sources_[static_cast<size_t>(plane)];
  const uint8_t *plane_bits = row(source.plane), *subtracted_bits = row(source.subtracted);
  const int values[] = {source.at_zero, source.at_one};
  const auto bit = [](const uint8_t* bits, int64_t k) { return bits ? bits[k >> 3] >> (k & 7) & 1 : 0; };
  for (const int64_t k : columns)
    *to++ = static_cast<int8_t>(values[bit(plane_bits, k)] - bit(subtracted_bits, k));
}

}  // namespace plumline
