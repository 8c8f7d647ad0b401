#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace plumline {

using Shape = std::vector<int64_t>;

// No tensor of a program may have more elements than this (64 GiB of float32): every product of sizes below it fits
// int64_t with room to spare, so code after checked_count() needs no overflow checks of its own.
constexpr int64_t kMaxElements = int64_t{1} << 34;

// No tensor has more axes than this, so loops over axes keep their counters in arrays on the stack.
constexpr size_t kMaxRank = 8;

// Product of the sizes; throws Error when there are more than kMaxRank axes, a size is negative, or the product of the
// sizes that are not zero exceeds kMaxElements (so that the product of any of them fits as well).
int64_t checked_count(const Shape& shape);

// Product of shape[begin, end) of a shape that checked_count() accepted.
int64_t count(const Shape& shape, size_t begin, size_t end);
int64_t count(const Shape& shape);

// An axis counted from the end becomes one counted from the front; throws Error when out of range.
int64_t normalized_axis(int64_t axis, size_t rank);

std::string to_string(const Shape& shape);

}  // namespace plumline
