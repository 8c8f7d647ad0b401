// Convolution without a panel: lanes are filters, and each input number is multiplied, from where it stands, with the
// weights that one tap of one channel has in all of them. So no lane is wasted however narrow the image, and the taps
// of a kernel read the same few lines of the cache.

#include "kernels/activation/activation_simd.h"
#include "kernels/conv/transpose.h"
#include "kernels/dense/copy_rows.inl"
#include "kernels/dense/dense.h"

namespace plumline {
namespace PLUMLINE_ISA_NAMESPACE {
namespace {

// Blocks of sums: as many as the registers hold beside the weights of a tap and one input. Narrow images have too few
// neighbouring pixels for that; there more filters make up for them.
#if defined(__AVX512F__)
constexpr BlockSize kWide = {14, 2}, kNarrow = {6, 4};
#elif defined(__AVX2__)
constexpr BlockSize kWide = {6, 2}, kNarrow = {4, 3};
#else
constexpr BlockSize kWide = {4, 2}, kNarrow = {4, 2};
#endif

// A stretch of the columns of the matrix: whole channels.
struct Stretch {
  const int64_t* taps;  // where each moves the window
  int64_t tap_count;
  int64_t channels, channel_stride;
  const float* weights;      // of its first column
  int64_t weights_stride;    // from one vector of filters to the next
  bool first;                // whether sums begin here
};

// sums[pixel][filter] (+)= sum over the columns of weights[column][filter] * x[column, pixel].
template <int pixels, int vectors>
void multiply(const Stretch& stretch, const float* x, float* sums) {
  constexpr int64_t width = vectors * F32::kLanes;
  F32 sum[pixels][vectors];
#pragma GCC unroll 16
  for (int p = 0; p < pixels; ++p)
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v)
      sum[p][v] = stretch.first ? F32::set(0) : F32::load(sums + p * width + v * F32::kLanes);
  const float* weights = stretch.weights;
  for (int64_t channel = 0; channel < stretch.channels; ++channel, x += stretch.channel_stride) {
    for (int64_t tap = 0; tap < stretch.tap_count; ++tap, weights += F32::kLanes) {
      const float* at = x + stretch.taps[tap];
      F32 weight[vectors];
#pragma GCC unroll 4
      for (int v = 0; v < vectors; ++v) weight[v] = F32::load(weights + v * stretch.weights_stride);
#pragma GCC unroll 16
      for (int p = 0; p < pixels; ++p) {
        const F32 value = F32::set(at[p]);
#pragma GCC unroll 4
        for (int v = 0; v < vectors; ++v) sum[p][v] = fma(value, weight[v], sum[p][v]);
      }
    }
  }
#pragma GCC unroll 16
  for (int p = 0; p < pixels; ++p)
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) sum[p][v].store(sums + p * width + v * F32::kLanes);
}

template <int most, int vectors>
void multiply_block(int count, const Stretch& stretch, const float* x, float* sums) {
  if constexpr (most > 1) {
    if (count < most) return multiply_block<most - 1, vectors>(count, stretch, x, sums);
  }
  multiply<most, vectors>(stretch, x, sums);
}

// Stores the sums of `count` filters, of pixels [begin, end) of a tile.
template <int vectors>
void finish_block(const DirectPlan& plan, const DirectTile& tile, const Finish& finish, int64_t filter, int64_t count,
                  const float* sums, int64_t begin, int64_t end) {
  const Window& w = plan.window;
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
        if (finish.residual) x = x + load_first(finish.residual + at, lanes);
        const F32 slope = F32::set(finish.activation.slope ? finish.activation.slope[m] : 0.0f);
        store_first(activate(finish.activation, x, slope), finish.output + at, lanes);
      }
    }
    pixel += lanes;
  }
}

struct Source {
  const float* first;  // under the first tap of the tile's first pixel
  const int64_t* taps;
  const DirectBlock* blocks;
  int64_t count;
};

// The sums of some vectors of filters, strip by strip.
template <int vectors>
void run_filters(const DirectPlan& plan, const DirectTile& tile, const Finish& finish, const Source& source,
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
      const Stretch stretch = {source.taps,         w.taps(),
                               channels,            plan.channel_stride,
                               weights + channel * w.taps() * F32::kLanes, columns * F32::kLanes,
                               channel == 0};
      const float* from = source.first + channel * plan.channel_stride;
      for (int64_t i = block; i < end; ++i) {
        const DirectBlock& at = source.blocks[i];
        multiply_block<kPixels, vectors>(at.count, stretch, from + at.offset,
                                         sums + (at.pixel - begin_pixel) * vectors * F32::kLanes);
      }
    }
    const DirectBlock& last = source.blocks[end - 1];
    finish_block<vectors>(plan, tile, finish, filter, left < vectors * F32::kLanes ? left : vectors * F32::kLanes, sums,
                          begin_pixel, last.pixel + last.count);
  }
}

// Cuts the pixels of a tile into blocks of about the same size that do not leave a segment; returns how many.
inline int64_t make_blocks(const DirectPlan& plan, const DirectTile& tile, DirectBlock* blocks) {
  const bool joined = plan.segment > plan.columns;
  const int64_t segments = joined ? 1 : tile.rows;
  const int64_t length = joined ? tile.rows * tile.columns : tile.columns;
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

void run_direct(const DirectPlan& plan, const DirectTile& tile, const Finish& finish, const float* input,
                const float* weights, const int64_t* taps, const DirectScratch& scratch) {
  const Window& w = plan.window;
  const float* image = input + (tile.image * w.groups + tile.group) * w.channels * w.height * w.width;
  const float* first = image + tile.row * w.stride_height * w.width + tile.column;
  if (plan.copies) {
    copy_rows(plan, tile, image, scratch.copy);
    first = scratch.copy;
  }
  const Source source = {first, taps, scratch.blocks, make_blocks(plan, tile, scratch.blocks)};
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
