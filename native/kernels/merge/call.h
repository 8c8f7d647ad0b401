#pragma once

#include <cstddef>
#include <cstdint>

namespace plumline {

// Where machine code lies. Processors foresee where data is read next, but not where code that never jumps goes on: what
// is not in the second-level cache comes a line at a time. So it is asked for before it runs.
struct CodeRange {
  const std::byte *begin, *end;
};

// A merge program of some channels (code.h), as plain data for the files of one instruction set.
struct MergeCall {
  int64_t first_channel;
  const void* code;  // null: nothing to do
  // Adds planes [first, end) at one position, as MergeCode::run().
  void (*run)(const void* code, const std::byte* channels, std::byte* temporaries, std::byte* const* sums,
              int64_t first, int64_t end);
  CodeRange (*range)(const void* code, int64_t first, int64_t end);  // of those planes
};

}  // namespace plumline
