// Stores the sums of a tile: bias, residual, activation.

#include "kernels/activation/activation_simd.h"
#include "kernels/conv/window.h"

namespace plumline {
namespace PLUMLINE_ISA_NAMESPACE {

// Where the pixels of a tile stand in the output, worked out once for all its filters.
class TileFinish {
 public:
  TileFinish(const Window& window, const Tile& tile, const Finish& finish)
      : finish_(finish),
        pixels_(window.pixels()),
        image_stride_(window.groups * window.filters * pixels_),
        first_(tile.first_pixel / pixels_ * image_stride_ + tile.group * window.filters * pixels_),
        pixel_(tile.first_pixel % pixels_),
        count_(tile.pixels),
        group_(tile.group * window.filters) {}

  // `sum(lane)` gives the sums of a filter of the group at the pixels from `lane` on, as a vector of which only those
  // inside the tile are used.
  template <class Sum>
  void store(int64_t filter, const Sum& sum) const {
    const F32 bias = F32::set(finish_.bias[group_ + filter]);
    const F32 slope = F32::set(finish_.activation.slope ? finish_.activation.slope[group_ + filter] : 0.0f);
    int64_t at = first_ + filter * pixels_ + pixel_;
    int64_t left = pixels_ - pixel_;  // in this image
    for (int64_t lane = 0; lane < count_; at += image_stride_ - pixels_, left = pixels_) {
      for (const int64_t end = count_ - lane < left ? count_ : lane + left; lane < end;) {
        const int64_t count = end - lane < F32::kLanes ? end - lane : F32::kLanes;
        F32 x = sum(lane) + bias;
        if (count == F32::kLanes) {  // some processors take long to store a part of a vector
          if (finish_.residual) x = x + F32::load(finish_.residual + at);
          activate(finish_.activation, x, slope).store(finish_.output + at);
        } else {
          if (finish_.residual) x = x + load_first(finish_.residual + at, count);
          store_first(activate(finish_.activation, x, slope), finish_.output + at, count);
        }
        at += count;
        lane += count;
      }
    }
  }

 private:
  const Finish& finish_;
  int64_t pixels_, image_stride_, first_, pixel_, count_, group_;
};

// All filters of a tile: `sum(filter, lane)`, filters counting from the tile's first.
template <class Sum>
inline void finish_tile(const Window& window, const Tile& tile, const Finish& finish, const Sum& sum) {
  const TileFinish output(window, tile, finish);
  for (int64_t filter = tile.first_filter; filter < tile.end_filter; ++filter)
    output.store(filter, [&](int64_t lane) { return sum(filter - tile.first_filter, lane); });
}

}  // namespace PLUMLINE_ISA_NAMESPACE
}  // namespace plumline
