#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "kernels/conv/method.h"
#include "kernels/quantize/codes.h"

namespace plumline {

// The rows that a layer's sums are made of: a filter is the sum over its planes of coefficient * (sum of signs times
// codes less the zero point), and where there is a total_coefficient that times the sum of all codes less the zero point.
struct PlaneRows {
  std::vector<int32_t> row_start;    // planes of each filter
  std::vector<int32_t> coefficient;  // one a plane
  std::vector<int32_t> total_coefficient;  // one a filter, or empty
  // Puts -1, 0 or 1 for each of some columns of the weights.
  std::function<void(int64_t plane, const std::vector<int64_t>& columns, int8_t* to)> signs;

  int64_t planes() const { return static_cast<int64_t>(coefficient.size()); }
};

// How the channels of a group are cut so that sums of planes can be made in int16.
//
// A sum over a chunk of signs times codes less the zero point lies somewhere in a range of (ones and minus ones) *
// (high - low) + 1 numbers. While those are at most 2^16 the sum is known from its lowest 16 bits, if what is in the
// middle of the range is taken off. That is all the proof that is needed: int16 wraps around, so that what partial sums
// are on the way does not matter.
struct CodeChunks {
  int64_t count = 0;     // 0 where there is no such way
  int64_t channels = 0;  // of each but the last
  std::vector<int16_t> less;    // (count, planes): what sums begin with, the middles taken off
  std::vector<int32_t> middle;  // of each plane, those of all chunks together

  CodeChunks() = default;
  CodeChunks(const PlaneRows& rows, const Taps& taps, const Codes& input);
};

// Columns of the weights for channels [first, end), by tap.
std::vector<int64_t> columns_by_tap(const Taps& taps, int64_t first, int64_t end);

}  // namespace plumline
