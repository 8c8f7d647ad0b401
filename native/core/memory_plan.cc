#include "core/memory_plan.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "core/aligned.h"

namespace plumline {

namespace {

// The tightest gap of at least `bytes` between `busy` (sorted by offset), or the first free byte after all of them.
size_t tightest_gap(const std::vector<const Buffer*>& busy, size_t bytes) {
  size_t end = 0;
  size_t best = 0;
  size_t best_size = std::numeric_limits<size_t>::max();
  for (const Buffer* buffer : busy) {
    if (buffer->offset > end && buffer->offset - end >= bytes && buffer->offset - end < best_size) {
      best = end;
      best_size = buffer->offset - end;
    }
    end = std::max(end, buffer->offset + align_up(buffer->bytes));
  }
  return best_size == std::numeric_limits<size_t>::max() ? end : best;
}

}  // namespace

size_t plan_memory(std::vector<Buffer>& buffers) {
  std::vector<size_t> order(buffers.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return buffers[a].bytes > buffers[b].bytes; });
  std::vector<const Buffer*> placed;  // sorted by offset
  std::vector<const Buffer*> busy;
  size_t arena = 0;
  for (const size_t index : order) {
    Buffer& buffer = buffers[index];
    busy.clear();
    for (const Buffer* other : placed)
      if (other->first <= buffer.last && buffer.first <= other->last) busy.push_back(other);
    buffer.offset = tightest_gap(busy, align_up(buffer.bytes));
    arena = std::max(arena, buffer.offset + align_up(buffer.bytes));
    placed.insert(std::upper_bound(placed.begin(), placed.end(), &buffer,
                                   [](const Buffer* a, const Buffer* b) { return a->offset < b->offset; }),
                  &buffer);
  }
  return arena;
}

}  // namespace plumline
