#pragma once

#include <array>

#include "core/shape.h"

namespace plumline {

// Elements between neighbours along each axis of a tensor; on the stack, because run() may not allocate.
using Strides = std::array<int64_t, kMaxRank>;
template <size_t operands>
using Offsets = std::array<int64_t, operands>;

// Of a dense row-major tensor.
Strides dense_strides(const Shape& shape);

// Shapes broadcast against each other as in numpy; throws Error when they do not fit.
Shape broadcast(const Shape& a, const Shape& b);

// Of `shape` seen as `target`, which it broadcasts to: 0 along the axes where one element stands for all.
Strides broadcast_strides(const Shape& shape, const Shape& target);

// All positions of a shape in row-major order, and where each operand's element lies. Axes over which every operand
// moves evenly are joined first; the last axis that remains is the row, which the caller's kernel handles at once.
template <size_t operands>
class Walk {
 public:
  Walk() = default;

  // No size of `shape` may be zero.
  Walk(const Shape& shape, const std::array<Strides, operands>& strides) {
    for (size_t axis = 0; axis < shape.size(); ++axis) {
      std::array<int64_t, operands> steps;
      for (size_t o = 0; o < operands; ++o) steps[o] = strides[o][axis];
      add_axis(shape[axis], steps);
    }
    if (rank_ == 0) sizes_[rank_++] = 1;
    for (size_t axis = 0; axis + 1 < rank_; ++axis) rows_ *= sizes_[axis];
  }

  // For a walk that is put together axis by axis, from the outermost. Call finish_rows() when all are there: then a row
  // is one position.
  void add_axis(int64_t size, const std::array<int64_t, operands>& steps) {
    if (size == 1) return;
    if (rank_ > 0 && joins(steps, size))
      sizes_[rank_ - 1] *= size;
    else
      sizes_[rank_++] = size;
    for (size_t o = 0; o < operands; ++o) strides_[o][rank_ - 1] = steps[o];
  }

  void finish_rows() {
    for (size_t axis = 0; axis < rank_; ++axis) rows_ *= sizes_[axis];
    sizes_[rank_++] = 1;
  }

  int64_t rows() const { return rows_; }
  int64_t row_size() const { return sizes_[rank_ - 1]; }
  int64_t row_stride(size_t operand) const { return strides_[operand][rank_ - 1]; }

  // Calls function(row, offsets of the operands) for the rows in [begin, end).
  template <class Function>
  void visit(int64_t begin, int64_t end, Function&& function) const {
    std::array<int64_t, kMaxRank> position{};
    Offsets<operands> offsets{};
    int64_t rest = begin;
    for (size_t axis = rank_ - 1; axis-- > 0;) {
      position[axis] = rest % sizes_[axis];
      rest /= sizes_[axis];
      for (size_t o = 0; o < operands; ++o) offsets[o] += position[axis] * strides_[o][axis];
    }
    for (int64_t row = begin; row < end; ++row) {
      function(row, offsets);
      for (size_t axis = rank_ - 1; axis-- > 0;) {
        for (size_t o = 0; o < operands; ++o) offsets[o] += strides_[o][axis];
        if (++position[axis] < sizes_[axis]) break;
        for (size_t o = 0; o < operands; ++o) offsets[o] -= strides_[o][axis] * sizes_[axis];
        position[axis] = 0;
      }
    }
  }

 private:
  bool joins(const std::array<int64_t, operands>& steps, int64_t size) const {
    for (size_t o = 0; o < operands; ++o)
      if (strides_[o][rank_ - 1] != steps[o] * size) return false;
    return true;
  }

  size_t rank_ = 0;
  int64_t rows_ = 1;
  std::array<int64_t, kMaxRank + 1> sizes_{};
  std::array<std::array<int64_t, kMaxRank + 1>, operands> strides_{};
};

}  // namespace plumline
