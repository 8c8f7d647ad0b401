#pragma once

#include <cstddef>

#include "kernels/conv/window.h"

namespace plumline {

// How a convolution of one channel a group is cut. Rows of some channels are copied with zeros around them, their columns
// sorted by their place in the stride (the phase): then no window hangs over an edge, and neighbouring pixels read
// neighbouring numbers. Between two rows of the copy, or two phases of a row, stand zeros for both; more stand before
// the first row.
struct DepthwisePlan {
  DepthwisePlan(const Window& window, int lanes, int threads);

  // Otherwise the copy would leave every cache; that also bounds what a hostile file may ask for.
  bool feasible() const { return copy_floats < kMaxCopy; }
  int64_t jobs() const { return window.batch * ((window.groups + channels - 1) / channels); }
  size_t offsets_bytes() const;
  size_t copy_bytes() const;  // of a worker
  // From where the copy has column 0 to what each column of the kernel reads for the first pixel.
  void fill_offsets(int64_t* offsets) const;

  int64_t copied_rows(int64_t out_rows) const {
    return (out_rows - 1) * window.stride_height + (window.kernel_height - 1) * window.dilation_height + 1;
  }
  int64_t channel_stride() const { return copied_rows(rows) * pitch; }

  static constexpr double kMaxCopy = 1 << 23;

  Window window;
  int lanes;
  int64_t front;               // zeros before the first row
  int64_t phase_width, pitch;  // of a row of the copy, which has all phases
  int64_t rows;                // of the output that are made at a time
  int64_t channels;            // that are copied at a time; more than one only where all rows are
  double copy_floats;          // of one channel; a real number, as it may be beyond counting
};

}  // namespace plumline
