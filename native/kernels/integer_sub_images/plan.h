#pragma once

#include <cstddef>

#include "core/sub_images.h"
#include "kernels/conv/window.h"

namespace plumline {

constexpr int64_t kPositionBytes = 64;  // a pixel of each of kCodeSubImages sub-images, as int16

constexpr int64_t kMostCodeTaps = 64;  // of a kernel

// One axis of a convolution on sub-images. Positions of the input are read once, by all taps; what taps move beyond the
// edge of a sub-image of the output is added up there, and given to its neighbour in the end.
struct CodeAxis {
  int64_t parts;                  // sub-images
  int64_t size;                   // positions of one, of the output; the input has `stride` times as many
  int64_t before, after;          // positions that sums have beyond its edges
  int64_t stride, dilation, pad;  // of the convolution

  int64_t in_size() const { return size * stride; }
  int64_t sums() const { return before + size + after; }

  // Tap t reads the positions of the input at phase(t) + stride * n, for the sums at n + move(t).
  int64_t phase(int64_t tap) const {
    const int64_t at = (tap * dilation - pad) % stride;
    return at < 0 ? at + stride : at;
  }
  int64_t move(int64_t tap) const { return (phase(tap) + pad - tap * dilation) / stride; }
};

// From the sums of so many planes at a position to those at the next, in vectors. An odd number: the sums that the taps
// of a plane add to then lie in different sets of the first-level cache.
constexpr int64_t sums_pitch(int64_t planes) { return planes | 1; }

// What the weights decide.
struct CodeNeeds {
  int64_t planes;          // most of a group
  int64_t band_planes;     // that are added up before others are begun
  int64_t chunks;          // of channels
  int64_t chunk_channels;  // the most of one
  int64_t adder_bytes;     // what makes sums of a position needs besides
  bool has_totals;         // the sum of all channels is wanted too
};

struct CodePlan {
  SubImages cut;  // of the output; images == 0 where there is no way
  CodeAxis rows, columns;
  int64_t band_planes;

  // What a worker's scratch holds one after the other, in bytes.
  int64_t adder;
  int64_t channels;  // of a position and chunk, widened
  int64_t sums;      // int16, of a band and chunk, with room on both sides
  int64_t wide;      // int32, of the chunks before: inside of the edges
  int64_t totals;    // int32, with room on both sides

  CodePlan(const Window& window, const CodeNeeds& needs);
  SubImages input_cut() const;
  int64_t positions() const { return rows.size * columns.size; }  // of the output
  size_t worker_bytes() const { return static_cast<size_t>(adder + channels + sums + wide + totals); }
};

// Whether there is a plan: sub-images that no tap reaches beyond the neighbours of, and sizes that leave scratch within
// bounds, however hostile the shapes.
bool can_plan(const Window& window, const CodeNeeds& needs);

// Whether the way the plan cuts images is the one in which values are held between steps.
bool input_is_cut_so(const Window& window, const CodePlan& plan);
bool output_is_cut_so(const Window& window, const CodePlan& plan);

// About the processor cycles of one thread for all but the adding.
double code_plan_cost(const Window& window, const CodePlan& plan, const CodeNeeds& needs);

// Some filters of one group, at all positions of a block of images.
struct CodeBand {
  int64_t block, group;
  int64_t first_filter, end_filter;
};

}  // namespace plumline
