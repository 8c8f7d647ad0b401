// From rows of an image to lanes of a few channels (see LanePlanes).

#include "core/simd.h"
#include "kernels/integer/lane_planes.h"

namespace plumline {
namespace PLUMLINE_ISA_NAMESPACE {

// to[i * depth + c] = the code of channel c at column i * step.
template <int depth, class Packed, class Pack>
void pack_lanes(const Pack& pack, const uint8_t* const (&from)[depth], int64_t step, int64_t n, Packed* to) {
  if (step == 1) {
    for (int64_t i = 0; i < n; ++i)
      for (int c = 0; c < depth; ++c) to[i * depth + c] = pack(from[c][i]);
  } else {
    for (int64_t i = 0; i < n; ++i)
      for (int c = 0; c < depth; ++c) to[i * depth + c] = pack(from[c][i * step]);
  }
}

// Whether a tap reads the phase.
inline bool is_used(int64_t phase, int64_t kernel, int64_t dilation, int64_t stride) {
  for (int64_t i = 0; i < kernel; ++i)
    if (i * dilation % stride == phase) return true;
  return false;
}

// Of a row of a phase: the columns [begin, end) lie inside the image, the first of them `column` of it.
struct Inside {
  int64_t begin, end, column;
  Inside(int64_t phase, int64_t pad, int64_t stride, int64_t size, int64_t count) {
    const int64_t before = pad - phase;  // columns left of the image
    begin = before <= 0 ? 0 : (before + stride - 1) / stride;
    column = begin * stride - before;
    end = column >= size ? begin : begin + (size - 1 - column) / stride + 1;
    if (begin > count) begin = count;
    if (end > count) end = count;
    if (end < begin) end = begin;
  }
};

// Channels [block * depth, ...) of one group: `input` is its first channel, `memory` the group's planes. `pack` makes a
// number of a code; padding is `zero`.
template <int depth, class Packed, class Pack>
void pack_planes(const Window& window, const LanePlanes& planes, const Pack& pack, Packed zero, const uint8_t* input,
                 int64_t block, void* memory) {
  const uint8_t* channel[depth];
  for (int64_t c = 0; c < depth; ++c) {
    const int64_t at = block * depth + c < window.channels ? block * depth + c : block * depth;  // its weights are 0
    channel[c] = input + at * window.height * window.width;
  }
  for (int64_t down = 0; down < window.stride_height; ++down) {
    if (!is_used(down, window.kernel_height, window.dilation_height, window.stride_height)) continue;
    for (int64_t across = 0; across < window.stride_width; ++across) {
      if (!is_used(across, window.kernel_width, window.dilation_width, window.stride_width)) continue;
      Packed* to = static_cast<Packed*>(memory) +
                   ((down * window.stride_width + across) * planes.blocks + block) * planes.plane() * depth;
      const Inside columns(across, window.pad_left, window.stride_width, window.width, planes.pitch);
      for (int64_t row = 0; row < planes.rows; ++row, to += planes.pitch * depth) {
        const int64_t line = row * window.stride_height + down - window.pad_top;
        const bool exists = line >= 0 && line < window.height && columns.begin < columns.end;
        const int64_t begin = exists ? columns.begin : planes.pitch, end = exists ? columns.end : planes.pitch;
        for (int64_t i = 0; i < begin * depth; ++i) to[i] = zero;
        if (exists) {
          const uint8_t* from[depth];
          for (int c = 0; c < depth; ++c) from[c] = channel[c] + line * window.width + columns.column;
          pack_lanes(pack, from, window.stride_width, end - begin, to + begin * depth);
        }
        for (int64_t i = end * depth; i < planes.pitch * depth; ++i) to[i] = zero;
      }
    }
  }
}

}  // namespace PLUMLINE_ISA_NAMESPACE
}  // namespace plumline
