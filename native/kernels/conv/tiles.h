#pragma once

#include <cstddef>

#include "core/aligned.h"
#include "core/thread_pool.h"
#include "kernels/conv/window.h"

namespace plumline {

// How a convolution is cut into tiles. What a tile computes does not depend on the cut, so neither do the answers on
// the number of threads.
class Tiling {
 public:
  // A tile has at most `vectors` vectors of `lanes` pixels and starts at a filter that `filter_step` divides.
  Tiling(const Window& window, int lanes, int vectors, int64_t filter_step, int threads);
  int64_t size() const { return window_.groups * splits_ * tiles_; }
  Tile operator[](int64_t index) const;

 private:
  const Window& window_;
  int lanes_;
  int64_t filter_step_;
  int64_t vectors_;  // of all pixels
  int64_t tiles_;    // along the pixels
  int64_t splits_;   // along the filters of a group
};

// All pixels of all images and groups, in vectors of 16: the unit of ConvMethod::cost.
inline double vectors_of(const Window& window) {
  return static_cast<double>((window.batch * window.pixels() + 15) / 16 * window.groups);
}

// Sorts the columns of the images by phase (see Window) into scratch and returns it; the input itself when the stride
// is 1. Rows that no window reads are left out.
size_t phases_bytes(const Window& window);
inline double phases_cost(const Window& window) {  // see ConvMethod::cost
  return window.stride_width == 1 ? 0 : 1.2 * static_cast<double>(window.batch * window.image_stride());
}
const float* sort_phases(const Window& window, const float* input, std::byte* scratch, ThreadPool& pool);

// Runs kernel(tile, source, worker's scratch) for each tile. Scratch: phases, then worker_bytes for each worker.
template <class Kernel>
void run_tiles(const Window& window, const Tiling& tiling, const float* input, std::byte* scratch, size_t worker_bytes,
               ThreadPool& pool, Kernel&& kernel) {
  const float* source = sort_phases(window, input, scratch, pool);
  std::byte* workers = scratch + phases_bytes(window);
  pool.parallel_for(tiling.size(), [&](int64_t index, int worker) {
    kernel(tiling[index], source, reinterpret_cast<float*>(workers + worker * worker_bytes));
  });
}

}  // namespace plumline
