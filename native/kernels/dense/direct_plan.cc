#include "kernels/dense/direct_plan.h"

#include <algorithm>

#include "core/aligned.h"

namespace plumline {
namespace {

constexpr int64_t kCopyFloats = 1 << 16;   // of a tile's rows: they stay in the second cache
constexpr int64_t kMaxColumns = 512;       // of a tile
constexpr int64_t kChunkFloats = 1 << 12;  // of weights: half of the first cache
constexpr int64_t kSplitFloats = 3 << 16;  // of weights that all images use before the next ones are read
constexpr int64_t kJobsPerThread = 4;      // enough that the last ones to finish are not far apart

int64_t divide_up(int64_t a, int64_t b) { return (a + b - 1) / b; }

// One row of pixels instead of many, or of one column, where the kernel cannot tell the difference.
Window flattened(Window w) {
  const bool point = w.taps() == 1 && w.stride_height == 1 && w.stride_width == 1;
  if (point && w.out_height == w.height && w.out_width == w.width && w.pad_top == 0 && w.pad_left == 0) {
    w.width = w.out_width = w.height * w.width;
    w.height = w.out_height = 1;
  } else if (w.width == 1 && w.out_width == 1 && w.kernel_width == 1 && w.pad_left == 0) {
    std::swap(w.width, w.height);
    std::swap(w.out_width, w.out_height);
    std::swap(w.kernel_width, w.kernel_height);
    std::swap(w.stride_width, w.stride_height);
    std::swap(w.dilation_width, w.dilation_height);
    std::swap(w.pad_left, w.pad_top);
  }
  return w;
}

bool reads_in_place(const Window& w) {
  const int64_t last_row = (w.out_height - 1) * w.stride_height + (w.kernel_height - 1) * w.dilation_height;
  const int64_t last_column = w.out_width - 1 + (w.kernel_width - 1) * w.dilation_width;
  return w.stride_width == 1 && w.pad_top == 0 && w.pad_left == 0 && last_row < w.height && last_column < w.width;
}

}  // namespace

DirectPlan::DirectPlan(const Window& original, int vector_lanes, BlockSize wide, BlockSize narrow, int threads)
    : window(flattened(original)), lanes(vector_lanes), copies(!reads_in_place(window)) {
  const Window& w = window;
  columns = std::min(w.out_width, kMaxColumns);
  across = divide_up(w.out_width, columns);
  columns = divide_up(w.out_width, across);
  const int64_t reach = (w.kernel_width - 1) * w.dilation_width;
  phases = std::min(w.stride_width, reach + 1);
  phase_width = columns + reach / w.stride_width;
  pitch = copies ? phases * phase_width : w.width;

  // As many rows as the cache holds beside those that hang over, but at least as many as these.
  const int64_t row_floats = std::max<int64_t>(1, w.channels * pitch);
  const int64_t extent = (w.kernel_height - 1) * w.dilation_height + 1;
  rows = std::max(kCopyFloats / row_floats - extent, extent) / w.stride_height + 1;
  rows = std::clamp<int64_t>(rows, 1, w.out_height);
  down = divide_up(w.out_height, rows);

  // Filters first: rows that are cut must be copied twice where they overlap.
  const int64_t vectors = divide_up(w.filters, lanes);
  const int64_t weights = vectors * lanes * w.columns();
  const int64_t images = w.batch * w.groups * across;
  const int64_t wanted = threads == 1 ? 1 : kJobsPerThread * threads;
  splits = divide_up(wanted, images * down);
  if (w.batch * down * across > 1) splits = std::max(splits, divide_up(weights, kSplitFloats));
  splits = std::clamp<int64_t>(splits, 1, divide_up(vectors, 4));
  down = std::min(std::max(down, divide_up(wanted, images * splits)), w.out_height);
  rows = divide_up(w.out_height, down);
  down = divide_up(w.out_height, rows);

  copy_floats = copies ? static_cast<double>(w.channels) * static_cast<double>(copied_rows(rows)) *
                             static_cast<double>(pitch)
                       : 0.0;
  channel_stride = copies && feasible() ? copied_rows(rows) * pitch : w.height * w.width;
  segment = copies && w.taps() == 1 && across == 1 ? rows * columns : columns;
  const auto length = [&](BlockSize size) { return divide_up(segment, divide_up(segment, size.pixels)); };
  block = length(wide) <= narrow.pixels ? narrow : wide;
  pixel_lanes = segment >= lanes && pixels_cost() < filters_cost();
  chunk = std::clamp<int64_t>(kChunkFloats / (block.vectors * lanes * w.taps()), 1, w.channels);
}

Rectangle DirectPlan::operator[](int64_t index) const {
  const Window& w = window;
  const int64_t column = index % across;
  const int64_t row = index / across % down;
  const int64_t unit = index / across / down % (w.batch * w.groups);
  // Slowest, so that what the images share is used while it is near.
  const int64_t split = index / across / down / (w.batch * w.groups);
  const int64_t vectors = divide_up(w.filters, lanes);
  Rectangle tile;
  tile.image = unit / w.groups;
  tile.group = unit % w.groups;
  tile.first_filter = vectors * split / splits * lanes;
  tile.end_filter = std::min(vectors * (split + 1) / splits * lanes, w.filters);
  tile.row = row * rows;
  tile.rows = std::min(rows, w.out_height - tile.row);
  tile.column = column * columns;
  tile.columns = std::min(columns, w.out_width - tile.column);
  return tile;
}

void DirectPlan::fill_offsets(int64_t* offsets) const {
  const Window& w = window;
  for (int64_t channel = 0; channel < chunk; ++channel) {
    for (int64_t i = 0; i < w.kernel_height; ++i) {
      for (int64_t j = 0; j < w.kernel_width; ++j) {
        const int64_t right = j * w.dilation_width;
        *offsets++ = channel * channel_stride + i * w.dilation_height * pitch +
                     right % w.stride_width * phase_width + right / w.stride_width;
      }
    }
  }
}

size_t DirectPlan::offsets_bytes() const { return align_up(chunk * window.taps() * sizeof(int64_t)); }

double DirectPlan::cost() const {
  constexpr double kCopyCost = 0.2;  // a number
  const double copying = kCopyCost * static_cast<double>(splits * down * across) * copy_floats;
  return static_cast<double>(window.batch * window.groups) *
         ((pixel_lanes ? pixels_cost() : filters_cost()) + copying);
}

double DirectPlan::filters_cost() const {
  constexpr double kFinishCost = 0.7;  // a number: a square of them is turned
  const Window& w = window;
  const double filters = static_cast<double>(divide_up(w.filters, lanes) * lanes);
  const double pixels = static_cast<double>(w.pixels());
  // A block needs a load for each of its pixels and vectors, and the processor makes one beside each multiplication.
  const double length = static_cast<double>(divide_up(segment, divide_up(segment, block.pixels)));
  const double width = std::min<double>(block.vectors, static_cast<double>(divide_up(w.filters, lanes)));
  const double slowness = std::max(1.0, (length + width) / (length * width));
  return pixels * filters * (static_cast<double>(w.columns()) / 16 * slowness + kFinishCost);
}

double DirectPlan::pixels_cost() const {
  constexpr double kFinishCost = 0.1;
  constexpr double kLoadCost = 1.08;  // loads of pixels cross lines of the cache
  const Window& w = window;
  const double filters = static_cast<double>(divide_up(w.filters, 4) * 4);
  const double pixels = static_cast<double>(w.pixels()) / static_cast<double>(segment) *
                        static_cast<double>(divide_up(segment, lanes) * lanes);
  return pixels * filters * (static_cast<double>(w.columns()) / 16 * kLoadCost + kFinishCost);
}

size_t DirectPlan::blocks_bytes() const { return align_up(blocks() * sizeof(DirectBlock)); }

// A square is turned at a time, whatever is left of it.
size_t DirectPlan::sums_bytes() const {
  return align_up((kStrip * block.pixels + lanes) * block.vectors * lanes * sizeof(float));
}

// The last store may run over by a vector.
size_t DirectPlan::worker_bytes() const {
  const int64_t copy = copies ? window.channels * channel_stride + lanes : 0;
  return blocks_bytes() + sums_bytes() + align_up(copy * sizeof(float));
}

DirectScratch DirectPlan::scratch(std::byte* worker) const {
  return {reinterpret_cast<DirectBlock*>(worker), reinterpret_cast<float*>(worker + blocks_bytes()),
          reinterpret_cast<float*>(worker + blocks_bytes() + sums_bytes())};
}

}  // namespace plumline
