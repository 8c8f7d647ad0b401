// Stores the sums of a tile: bias, residual, activation.

#include "kernels/activation/activation_simd.h"
#include "kernels/conv/window.h"

namespace plumline {
namespace PLUMLINE_ISA_NAMESPACE {

// `sum(filter, lane)` gives the sums of the pixels from `lane` on, as a vector of which only those inside the tile are
// used; filters count from the tile's first.
template <class Sum>
inline void finish_tile(const Window& window, const Tile& tile, const Finish& finish, const Sum& sum) {
  const int64_t pixels = window.pixels();
  for (int64_t filter = tile.first_filter; filter < tile.end_filter; ++filter) {
    const int64_t m = tile.group * window.filters + filter;
    const F32 bias = F32::set(finish.bias[m]);
    const F32 slope = F32::set(finish.activation.slope ? finish.activation.slope[m] : 0.0f);
    int64_t image = tile.first_pixel / pixels;
    int64_t pixel = tile.first_pixel % pixels;
    for (int64_t lane = 0; lane < tile.pixels; ++image, pixel = 0) {
      const int64_t out = (image * window.groups * window.filters + m) * pixels + pixel;
      const int64_t end = tile.pixels - lane < pixels - pixel ? tile.pixels : lane + pixels - pixel;
      for (int64_t at = out; lane < end;) {
        const int64_t count = end - lane < F32::kLanes ? end - lane : F32::kLanes;
        F32 x = sum(filter - tile.first_filter, lane) + bias;
        if (finish.residual) x = x + load_first(finish.residual + at, count);
        store_first(activate(finish.activation, x, slope), finish.output + at, count);
        at += count;
        lane += count;
      }
    }
  }
}

}  // namespace PLUMLINE_ISA_NAMESPACE
}  // namespace plumline
