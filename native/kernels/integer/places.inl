// From sums at the places of a tile (see LanePlanes) to pixels of the output.

#include "kernels/integer/finish.inl"
#include "kernels/integer/lane_planes.h"

namespace plumline {
namespace PLUMLINE_ISA_NAMESPACE {

// Neighbouring pixels of one output row within a tile.
struct Run {
  int64_t lane, count;
  int64_t pixel;
};

// Those of a tile of at most `most` places.
template <int most>
struct Runs {
  Run runs[most];
  int count = 0;

  Runs(const Window& window, const LanePlanes& planes, int64_t first_place, int64_t lanes) {
    int64_t row = first_place / planes.pitch, column = first_place % planes.pitch;
    for (int64_t lane = 0; lane < lanes && row < window.out_height; ++row, column = 0) {
      const int64_t left = window.out_width - column;
      if (left > 0) {
        runs[count++] = {lane, left < lanes - lane ? left : lanes - lane, row * window.out_width + column};
      }
      lane += planes.pitch - column;
    }
  }
};

// Of one filter.
template <int vectors, int most>
void finish_places(const Window& window, const PlaceTile& tile, const IntegerFinish& finish, const Runs<most>& runs,
                   int64_t filter, const I32 (&sum)[vectors], void* output) {
  constexpr int kLanes = I32::kLanes;
  const I32 bias = I32::set(finish.bias[filter]);
  const F32 multiplier = F32::set(finish.multiplier[filter]), offset = F32::set(finish.offset[filter]);
  const int64_t first =
      ((tile.image * window.groups + tile.group) * window.filters + filter) * window.pixels();
  if (finish.to_float) {
    float numbers[vectors * kLanes + kSlack / 4];
    for (int v = 0; v < vectors; ++v) real_of(sum[v], bias, multiplier, offset).store(numbers + v * kLanes);
    for (int i = 0; i < runs.count; ++i) {
      const Run& run = runs.runs[i];
      copy_bytes(reinterpret_cast<const uint8_t*>(numbers + run.lane),
                 reinterpret_cast<uint8_t*>(static_cast<float*>(output) + first + run.pixel), run.count * 4);
    }
  } else {
    const Rounding round(finish.output);
    uint8_t codes[vectors * kLanes + kSlack];
    for (int v = 0; v < vectors; ++v)
      round(real_of(sum[v], bias, multiplier, offset)).store_low_bytes(codes + v * kLanes);
    for (int i = 0; i < runs.count; ++i) {
      const Run& run = runs.runs[i];
      copy_bytes(codes + run.lane, static_cast<uint8_t*>(output) + first + run.pixel, run.count);
    }
  }
}

}  // namespace PLUMLINE_ISA_NAMESPACE
}  // namespace plumline
