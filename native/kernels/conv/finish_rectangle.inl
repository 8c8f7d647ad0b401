// Stores sums whose lanes are filters, of pixels that follow each other: bias, residual, activation.

#pragma once

#include "kernels/activation/activation_simd.h"
#include "kernels/conv/transpose.h"
#include "kernels/conv/window.h"

namespace plumline {
namespace PLUMLINE_ISA_NAMESPACE {
namespace {

// Stores the sums of `count` filters, of pixels [begin, end) of the rectangle, counted by rows. `sums` has the vectors of
// filters of each pixel; it is read up to a vector of pixels beyond the last.
template <int vectors>
void finish_rectangle(const Window& w, const Rectangle& tile, const Finish& finish, int64_t filter, int64_t count,
                  const float* sums, int64_t begin, int64_t end) {
  const int64_t pixels = w.pixels();
  const bool whole_rows = tile.columns == w.out_width;  // then pixels that follow each other do so in the output
  for (int64_t pixel = begin; pixel < end;) {
    const int64_t row = whole_rows ? 0 : pixel / tile.columns;
    const int64_t row_end = whole_rows ? end : (row + 1) * tile.columns;
    int64_t lanes = (row_end < end ? row_end : end) - pixel;
    if (lanes > F32::kLanes) lanes = F32::kLanes;
    const int64_t place = (tile.row + row) * w.out_width + tile.column + pixel - row * tile.columns;
    for (int64_t v = 0; v < vectors && v * F32::kLanes < count; ++v) {
      F32 columns[F32::kLanes];
      transpose(sums + ((pixel - begin) * vectors + v) * F32::kLanes, vectors * F32::kLanes, columns);
      const int64_t first = tile.group * w.filters + filter + v * F32::kLanes;
      const int64_t used = count - v * F32::kLanes < F32::kLanes ? count - v * F32::kLanes : F32::kLanes;
      for (int64_t f = 0; f < used; ++f) {
        const int64_t m = first + f;
        const int64_t at = (tile.image * w.groups * w.filters + m) * pixels + place;
        F32 x = columns[f] + F32::set(finish.bias[m]);
        const F32 slope = F32::set(finish.activation.slope ? finish.activation.slope[m] : 0.0f);
        if (lanes == F32::kLanes) {
          if (finish.residual) x = x + F32::load(finish.residual + at);
          activate(finish.activation, x, slope).store(finish.output + at);
        } else {
          if (finish.residual) x = x + load_first(finish.residual + at, lanes);
          store_first(activate(finish.activation, x, slope), finish.output + at, lanes);
        }
      }
    }
    pixel += lanes;
  }
}

}  // namespace
}  // namespace PLUMLINE_ISA_NAMESPACE
}  // namespace plumline
