#pragma once

#include <cstdint>
#include <vector>

#include "kernels/weights/weights.h"

namespace plumline {

// Where a weight of a plane stands in words of 64 bits.
struct WordPlace {
  int64_t row, column, bit;
};

// The planes of `weights` as words: by group, row, plane of the group, column, with `rows` and `columns` of them.
// place(channel, tap) says which word and bit a weight is.
template <class Place>
std::vector<uint64_t> plane_words(const Weights& weights, int64_t groups, int64_t taps, int64_t rows, int64_t columns,
                                  const Place& place) {
  std::vector<uint64_t> words(static_cast<size_t>(weights.planes() * rows * columns));
  const int64_t filters = weights.filters / groups;
  for (int64_t group = 0; group < groups; ++group) {
    const int64_t first = weights.row_start[group * filters], end = weights.row_start[(group + 1) * filters];
    for (int64_t plane = first; plane < end; ++plane) {
      each_one(weights, plane, taps, [&](int64_t channel, int64_t tap) {
        const WordPlace at = place(channel, tap);
        words[(first * rows + at.row * (end - first) + plane - first) * columns + at.column] |= uint64_t{1} << at.bit;
      });
    }
  }
  return words;
}

}  // namespace plumline
