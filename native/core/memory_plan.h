#pragma once

#include <cstddef>
#include <vector>

namespace plumline {

// A stretch of the arena that holds one result from the step that makes it to the last step that reads it.
struct Buffer {
  size_t bytes;
  int first;  // step, inclusive
  int last;   // step, inclusive
  size_t offset = 0;
};

// Gives every buffer a 64-byte aligned offset such that no two that live at the same time overlap, and returns the
// size of the arena. Greedy by size: the largest first, each into the tightest gap that its contemporaries leave.
size_t plan_memory(std::vector<Buffer>& buffers);

}  // namespace plumline
