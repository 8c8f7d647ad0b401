#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "core/operator.h"

namespace plumline {

enum class WeightForm { kDense, kSparse, kPlanes };

// The matrix of a `conv` or `linear` node, one row a filter, columns in the order (channel in its group, kernel row,
// kernel column), checked so that everything that reads it may trust it. It points into `tensors`, those of the node, or
// into `decoded`, which copies share.
struct Weights {
  std::vector<Constant> tensors;
  std::shared_ptr<const std::vector<float>> decoded;  // numbers that the file has as codes
  WeightForm form;
  int64_t filters;
  int64_t columns;

  const float* weight = nullptr;  // dense: (filters, columns)

  // sparse: entries of filter m; planes: planes of filter m, [row_start[m], row_start[m + 1])
  std::vector<int32_t> row_start;
  std::vector<int32_t> column;  // sparse: increasing in a row
  const float* value = nullptr;

  const uint8_t* bits = nullptr;  // planes: rows of plane_bytes() bytes
  const float* coefficient = nullptr;
  std::vector<float> total_coefficient;  // one a filter; empty where all are zero

  int64_t plane_bytes() const { return (columns + 7) / 8; }
  int64_t planes() const { return row_start.back(); }
  bool bit(int64_t plane, int64_t k) const { return (bits[plane * plane_bytes() + k / 8] >> (k % 8)) & 1; }

  double density() const {  // of sparse weights
    return static_cast<double>(column.size()) / static_cast<double>(filters * columns);
  }

  // How many numbers or bits the form holds.
  int64_t stored() const;

  // The same matrix, dense.
  std::vector<float> expanded() const;
};

// Reads and checks `weights`, `filters`, `columns` and the tensors that belong to them. Throws Error.
Weights parse_weights(const NodeSpec& spec);

// The tensor `bias`, or zeros.
std::vector<float> parse_bias(const NodeSpec& spec, int64_t filters);

// Calls visit(channel, tap) for each one of a plane, in the order of the columns.
template <class Visit>
void each_one(const Weights& weights, int64_t plane, int64_t taps, const Visit& visit) {
  const uint8_t* bits = weights.bits + plane * weights.plane_bytes();
  int64_t k = 0;
  for (int64_t channel = 0; k < weights.columns; ++channel)
    for (int64_t tap = 0; tap < taps; ++tap, ++k)
      if (bits[k / 8] >> (k % 8) & 1) visit(channel, tap);
}

// Kernels take the columns in the order (kernel row, kernel column, channel), as neighbours in it come from one shift
// of the image. These turn a column into its place in that order and back.
inline int64_t tap_major_place(int64_t k, int64_t channels, int64_t taps) { return (k % taps) * channels + k / taps; }
inline int64_t onnx_column(int64_t place, int64_t channels, int64_t taps) {
  return place % channels * taps + place / channels;
}

}  // namespace plumline
