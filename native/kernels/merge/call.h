#pragma once

#include <cstddef>
#include <cstdint>

namespace plumline {

// A merge program of some channels (code.h), as plain data for the files of one instruction set.
struct MergeCall {
  int64_t first_channel;
  const void* code;
  // Adds planes [first, end) at one position, as MergeCode::run().
  void (*run)(const void* code, const std::byte* channels, std::byte* temporaries, std::byte* const* sums,
              int64_t first, int64_t end);
  void (*fetch)(const void* code, int64_t first, int64_t end);  // as MergeCode::fetch()
};

}  // namespace plumline
