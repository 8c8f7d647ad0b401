#include "kernels/limbs/sign_rows.h"

#include <algorithm>

namespace plumline {
namespace {

struct Row {
  float coefficient;
  int64_t plus;
  int64_t minus;  // a plane, or one of:
};
constexpr int64_t kNothing = -1;
constexpr int64_t kAllElse = -2;

bool disjoint(const Weights& weights, int64_t a, int64_t b) {
  const int64_t bytes = weights.plane_bytes();
  for (int64_t i = 0; i < bytes; ++i)
    if (weights.bits[a * bytes + i] & weights.bits[b * bytes + i]) return false;
  return true;
}

// Appends the rows of a filter; returns what is left of its total coefficient.
float append_rows(const Weights& weights, int64_t filter, std::vector<Row>& rows) {
  const int64_t end = weights.row_start[filter + 1];
  float total = weights.total_coefficient.empty() ? 0 : weights.total_coefficient[filter];
  for (int64_t plane = weights.row_start[filter]; plane < end; ++plane) {
    const float c = weights.coefficient[plane];
    if (total != 0 && c == -2 * total) {
      rows.push_back({-total, plane, kAllElse});
      total = 0;
    } else if (plane + 1 < end && weights.coefficient[plane + 1] == -c && disjoint(weights, plane, plane + 1)) {
      rows.push_back({c, plane, plane + 1});
      ++plane;
    } else {
      rows.push_back({c, plane, kNothing});
    }
  }
  return total;
}

}  // namespace

SignRows::SignRows(const Weights& weights, const Taps& taps, int64_t pairs) {
  std::vector<Row> rows;
  row_start_.push_back(0);
  for (int64_t m = 0; m < weights.filters; ++m) {
    total_coefficient_.push_back(append_rows(weights, m, rows));
    row_start_.push_back(static_cast<int32_t>(rows.size()));
  }
  for (const Row& row : rows) coefficient_.push_back(row.coefficient);
  if (std::all_of(total_coefficient_.begin(), total_coefficient_.end(), [](float total) { return total == 0; }))
    total_coefficient_.clear();

  const int64_t filters = weights.filters / taps.groups;
  const int64_t steps = (pairs * taps.taps + kStepPairs - 1) / kStepPairs;
  signs_.assign(rows.size() * steps, Signs{0, 0});
  for (int64_t group = 0; group < taps.groups; ++group) {
    const int64_t first = row_start_[group * filters];
    const int64_t count = row_start_[(group + 1) * filters] - first;
    most_rows_ = std::max(most_rows_, count + (total_coefficient_.empty() ? 0 : 1));
    for (int64_t i = 0; i < count; ++i) {
      const Row& row = rows[first + i];
      for (int64_t k = 0; k < weights.columns; ++k) {
        const int64_t place = tap_major_place(k, 2 * pairs, taps.taps);
        Signs& signs = signs_[first * steps + place / kStepColumns * count + i];
        const uint32_t bit = uint32_t{1} << place % kStepColumns;
        if (weights.bit(row.plus, k))
          signs.plus |= bit;
        else if (row.minus == kAllElse || (row.minus >= 0 && weights.bit(row.minus, k)))
          signs.minus |= bit;
      }
    }
  }
}

LimbWeights SignRows::view() const {
  return {signs_.data(), row_start_.data(), coefficient_.data(),
          total_coefficient_.empty() ? nullptr : total_coefficient_.data(), nullptr, 1};
}

}  // namespace plumline
