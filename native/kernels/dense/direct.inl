// Convolution without a panel: lanes are filters (or pixels, see direct_pixels.inl), and each input number is multiplied, from where it stands, with the
// weights that one tap of one channel has in all of them. So no lane is wasted however narrow the image, and the taps
// of a kernel read the same few lines of the cache.

#include "kernels/conv/finish_rectangle.inl"
#include "kernels/dense/copy_rows.inl"
#include "kernels/dense/dense.h"
#include "kernels/dense/direct_pixels.inl"
#include "kernels/dense/multiply.inl"

namespace plumline {
namespace PLUMLINE_ISA_NAMESPACE {
namespace {

struct Source {
  const float* first;  // under the first tap of the tile's first pixel
  const int64_t* offsets;  // of the columns of a chunk
  const DirectBlock* blocks;
  int64_t count;
};

// Where the weights stand that are used after those of the chunk that begins with `channel`, from the first of these
// filters: the next chunk, or the first one again for the next strip or of the next filters.
inline int64_t next_weights(const DirectPlan& plan, int64_t channel, bool last_strip, int64_t vectors) {
  const Window& w = plan.window;
  if (channel + plan.chunk < w.channels) return (channel + plan.chunk) * w.taps() * F32::kLanes;
  return last_strip ? vectors * w.columns() * F32::kLanes : 0;
}

// The sums of some vectors of filters, strip by strip.
template <int vectors>
void run_filters(const DirectPlan& plan, const Rectangle& tile, const Finish& finish, const Source& source,
                 const float* weights, int64_t filter, float* sums) {
  constexpr int kPixels = vectors > kWide.vectors ? kNarrow.pixels : kWide.pixels;
  const Window& w = plan.window;
  const int64_t columns = w.columns();
  weights += filter * columns;
  const int64_t left = tile.end_filter - filter;
  for (int64_t block = 0; block < source.count; block += DirectPlan::kStrip) {
    const int64_t end = block + DirectPlan::kStrip < source.count ? block + DirectPlan::kStrip : source.count;
    const int64_t begin_pixel = source.blocks[block].pixel;
    for (int64_t channel = 0; channel < w.channels; channel += plan.chunk) {
      const int64_t channels = w.channels - channel < plan.chunk ? w.channels - channel : plan.chunk;
      const int64_t here = channel * w.taps() * F32::kLanes;
      Stretch stretch = {source.offsets, channels * w.taps(), weights + here, columns * F32::kLanes, channel == 0};
      const float* next = weights + next_weights(plan, channel, end == source.count, vectors);
      const float* from = source.first + channel * plan.channel_stride;
      for (int64_t i = block; i < end; ++i) {
        const DirectBlock& at = source.blocks[i];
        const bool shared = end - block >= vectors;
        stretch.next = next + (shared ? (i - block) * stretch.weights_stride : 0);
        const Ask ask = i - block < (shared ? vectors : 1) ? (shared ? Ask::kOne : Ask::kAll) : Ask::kNone;
        multiply_block<kPixels, vectors>(at.count, ask, stretch, from + at.offset,
                                         sums + (at.pixel - begin_pixel) * vectors * F32::kLanes);
      }
    }
    const DirectBlock& last = source.blocks[end - 1];
    finish_rectangle<vectors>(w, tile, finish, filter, left < vectors * F32::kLanes ? left : vectors * F32::kLanes, sums,
                          begin_pixel, last.pixel + last.count);
  }
}

// Cuts the pixels of a tile into blocks of about the same size that do not leave a segment; returns how many.
inline int64_t make_blocks(const DirectPlan& plan, const Rectangle& tile, DirectBlock* blocks) {
  const int64_t length = plan.segment_of(tile), segments = tile.rows * tile.columns / length;
  const int64_t parts = (length + plan.block.pixels - 1) / plan.block.pixels;
  int64_t count = 0;
  for (int64_t segment = 0; segment < segments; ++segment) {
    for (int64_t part = 0; part < parts; ++part) {
      const int64_t begin = length * part / parts, end = length * (part + 1) / parts;
      blocks[count++] = {segment * plan.row_step() + begin, static_cast<int32_t>(segment * length + begin),
                         static_cast<int32_t>(end - begin)};
    }
  }
  return count;
}

void run_direct(const DirectPlan& plan, const Rectangle& tile, const Finish& finish, const float* input,
                const float* weights, const int64_t* offsets, const DirectScratch& scratch) {
  const Window& w = plan.window;
  const float* image = input + (tile.image * w.groups + tile.group) * w.channels * w.height * w.width;
  const float* first = image + tile.row * w.stride_height * w.width + tile.column;
  if (plan.copies) {
    copy_rows(plan, tile, image, scratch.copy);
    first = scratch.copy;
  }
  // The last tile may be shorter than the others; what is summed up in which order does not depend on the lanes.
  if (plan.pixel_lanes && plan.segment_of(tile) >= F32::kLanes)
    return run_pixels(plan, tile, finish, first, weights, offsets);
  const Source source = {first, offsets, scratch.blocks, make_blocks(plan, tile, scratch.blocks)};
  int64_t filter = tile.first_filter;
  while (filter < tile.end_filter) {
    const int64_t left = (tile.end_filter - filter + F32::kLanes - 1) / F32::kLanes;
    if (plan.block.vectors == kNarrow.vectors && left >= kNarrow.vectors) {
      run_filters<kNarrow.vectors>(plan, tile, finish, source, weights, filter, scratch.sums);
      filter += kNarrow.vectors * F32::kLanes;
    } else if (left >= kWide.vectors) {
      run_filters<kWide.vectors>(plan, tile, finish, source, weights, filter, scratch.sums);
      filter += kWide.vectors * F32::kLanes;
    } else {
      run_filters<1>(plan, tile, finish, source, weights, filter, scratch.sums);
      filter += F32::kLanes;
    }
  }
}

}  // namespace
}  // namespace PLUMLINE_ISA_NAMESPACE
}  // namespace plumline
