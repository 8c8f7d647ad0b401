#pragma once

#include <vector>

#include "kernels/merge/schedule.h"

namespace plumline {

struct MergeCodeOptions {
  LaneType lanes = LaneType::kFloat32;
  int vector_bytes = 64;    // 32: AVX2 and FMA; 64: AVX-512
  bool accumulate = true;   // add to the sums, or overwrite them
  // Planes (1 to 64) and taps (1 to 9) that may be computed without others. Larger blocks find more to share.
  int64_t plane_step = 32;
  int64_t tap_step = 9;
};

// What all entries together do, for `vector_bytes` of one position.
struct MergeWork {
  int64_t loads = 0, stores = 0, additions = 0;  // vectors
};

// x86-64 code of a program, for the System V calling convention. Each entry is a
//   void(const std::byte* channels, std::byte* temporaries, std::byte* const* sums, int64_t offset)
// that works on `vector_bytes` of each channel and sum, those from `offset` on (0, or 32 for the other half of AVX2).
// Temporaries are vectors of that size, and made by an entry of their own.
struct MergeCodeImage {
  struct Block {
    RowBlock rows;
    size_t entry;
  };
  MergeCodeOptions options;
  std::vector<uint8_t> code;
  size_t temporaries_entry = 0;
  std::vector<Block> blocks;  // by plane, then by tap
  MergeWork work;
};

// Sums are added up in the order of the program's terms. Throws Error for options that make no sense.
MergeCodeImage generate(const MergeProgram& program, const MergeCodeOptions& options);

}  // namespace plumline
