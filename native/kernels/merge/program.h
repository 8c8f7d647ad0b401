#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace plumline {

constexpr int64_t kMergeVectorBytes = 64;  // of a channel or a sum, whatever the instruction set
constexpr int64_t kMostMergeColumns = 1024;
constexpr int64_t kMostMergeTemporaries = 1024;
constexpr int64_t kMostMergeRows = int64_t{1} << 20;

enum class LaneType { kFloat32, kInt16 };

// Rows of signs (-1, 0 or 1), one for each plane and tap, over the channels of a chunk.
struct SignMatrix {
  int64_t planes, taps, columns;
  const int8_t* signs;  // (planes, taps, columns)

  int64_t rows() const { return planes * taps; }
};

// How to compute all rows of a sign matrix times a vector of channels, with common parts computed once. A sum is a list
// of operands to add or subtract: a channel (number below `columns`), or a temporary, which is itself such a sum.
struct MergeProgram {
  int64_t planes = 0, taps = 0, columns = 0, temporaries = 0;

  // Sums: of temporary i at i, of (plane, tap) at temporaries + plane * taps + tap. A temporary names only those before
  // it, and begins with an operand that is added.
  std::vector<int32_t> start;   // of each sum's terms; one more than there are sums
  std::vector<uint16_t> terms;  // operand * 2 + (1 if subtracted)

  int64_t rows() const { return planes * taps; }
  int64_t additions() const;  // of one position: terms, but for the first of each temporary
};

constexpr int operand_of(uint16_t term) { return term >> 1; }
constexpr bool is_subtracted(uint16_t term) { return term & 1; }

// Computes the sums of planes [first, end) at one position: sums[t] + 64 * plane holds one vector. The channels are
// contiguous vectors of 64 bytes, and so are the temporaries. Where `accumulate` is false, sums are overwritten.
// This is what generated code is tested against; int16 lanes wrap around.
void interpret(const MergeProgram& program, LaneType lanes, const std::byte* channels, std::byte* temporaries,
               std::byte* const* sums, int64_t first, int64_t end, bool accumulate);

}  // namespace plumline
