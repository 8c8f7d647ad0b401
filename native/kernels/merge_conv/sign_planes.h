#pragma once

#include <vector>

#include "kernels/weights/weights.h"

namespace plumline {

// Planes as rows of signs: what a filter sums is sum over its planes of coefficient * (sum of +- inputs). Two planes of
// opposite coefficients are one of signs, and so is a plane with a total that makes it {-a, +a}.
struct SignPlanes {
  std::vector<int8_t> signs;         // (planes, columns): -1, 0, 1
  std::vector<int32_t> row_start;    // of each filter
  std::vector<float> coefficient;    // one a plane
};

// A filter that needs a total besides gets it as a plane of ones.
SignPlanes sign_planes(const Weights& weights);

}  // namespace plumline
