#include "kernels/shared_tables/plan.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/aligned.h"

namespace plumline {
namespace {

// Measured costs, in the unit of ConvMethod::cost; storing the output counts by what it costs the other methods less.
constexpr double kInterleaveCost = 20;  // to make a vector of a row-major input
constexpr double kEntryCost = 2.2;      // to make an entry of a table
constexpr double kAddCost = 1.15;       // to add an entry
constexpr double kSumCost = 2.75;       // to load and store a sum
constexpr double kTapCost = 1;          // to see where a tap moves a position
constexpr double kFinishCost = 17;      // to store a vector of a row-major output
constexpr double kVectorCost = 4;       // to move a vector when there is nothing to interleave

int64_t divide_up(int64_t a, int64_t b) { return (a + b - 1) / b; }
int64_t round_up(int64_t a, int64_t b) { return divide_up(a, b) * b; }

// Larger tables save additions but cost more to make: planes must use them often.
int choose_bits(const Window& window, int64_t planes) {
  return window.channels > kChunkChannels / 2 && planes * window.taps() >= 400 ? 5 : 4;
}

// Where the tables of a position are few, those of a whole kernel row have room, and are worth a sum's load and store.
int choose_folds(const Window& window) {
  const bool neighbours = window.stride_width == 1 && window.dilation_width == 1;
  return neighbours && window.kernel_width == kMaxFolds && (window.channels == 16 || window.channels == 32) ? kMaxFolds
                                                                                                           : 1;
}

// Of one band of so many rows of the output and planes.
double band_cost(const Window& window, const SharedTablesPlan& plan, double rows, double planes, double filters) {
  const double channels = static_cast<double>(window.channels);
  const double chunks = static_cast<double>(divide_up(window.channels, kChunkChannels));
  const double tables = static_cast<double>(divide_up(window.channels, plan.bits));
  const double taps = static_cast<double>(window.taps());
  const double in_rows = std::min((rows - 1) * static_cast<double>(window.stride_height) +
                                      static_cast<double>(plan.in_height - 1) -
                                      static_cast<double>((plan.cut.height - 1) * window.stride_height) + 1,
                                  rows * static_cast<double>(window.kernel_height));
  const double in_positions = in_rows * static_cast<double>(plan.in_width);
  const double positions = rows * static_cast<double>(plan.cut.width);
  const bool stays = can_take_sub_images(window);
  return in_positions * taps * kTapCost + in_positions * (channels * (stays ? kVectorCost : kInterleaveCost) + tables * kEntryCost * ((1 << plan.bits) - 1)) +
         positions * planes * taps * (tables * kAddCost + chunks / plan.folds * kSumCost) +
         positions * filters * (stays ? kVectorCost : kFinishCost);
}

}  // namespace

bool can_take_sub_images(const Window& window) {
  const SubImages cut = cut_images(window.batch, window.out_height, window.out_width);
  const int64_t down = (window.kernel_height - 1) * window.dilation_height;
  const int64_t across = (window.kernel_width - 1) * window.dilation_width;
  return window.stride_height == 1 && window.stride_width == 1 && window.out_height == window.height &&
         window.out_width == window.width && window.pad_top <= cut.height && down - window.pad_top <= cut.height &&
         window.pad_left <= cut.width && across - window.pad_left <= cut.width;
}

SharedTablesPlan::SharedTablesPlan(const Window& window, int64_t planes)
    : cut(cut_images(window.batch, window.out_height, window.out_width)),
      bits(choose_bits(window, planes)),
      folds(choose_folds(window)) {
  const int64_t extent = (window.kernel_height - 1) * window.dilation_height;
  in_height = (cut.height - 1) * window.stride_height + extent + 1;
  in_width = (cut.width - 1) * window.stride_width + (window.kernel_width - 1) * window.dilation_width + 1;
  table_size = divide_up(std::min(window.channels, kChunkChannels), bits) * (kSubImages << bits);
  tables = table_size * folds;
  pixels = in_width * window.channels * kSubImages;
  // Columns are read and written in fours, lines up to a vector of at most kSubImages numbers further.
  const int64_t in_line = (cut.columns - 1) * cut.width * window.stride_width + round_up(in_width, 4);
  lines = cut.images * cut.rows * round_up(std::max(in_line, cut.columns * cut.width) + kSubImages, kSubImages);
  sums_row = cut.width * (planes + 1) * kSubImages;
  sums_rows = std::min(cut.height, extent / window.stride_height + 1);
  targets = 4 * window.kernel_height;  // 16 bytes each
}

size_t SharedTablesPlan::worker_bytes() const {
  return align_up((tables + pixels + lines + sums_row * sums_rows + targets) * sizeof(float));
}

Bands::Bands(const Window& window, const SharedTablesPlan& plan, int64_t planes, int threads)
    : window_(window), blocks_(plan.cut.blocks), height_(plan.cut.height) {
  const double units = static_cast<double>(blocks_ * window.groups);
  const auto cost = [&](int64_t bands, int64_t splits) {
    return band_cost(window, plan, static_cast<double>(divide_up(height_, bands)),
                     static_cast<double>(planes) / static_cast<double>(splits),
                     static_cast<double>(window.filters) / static_cast<double>(splits));
  };
  cost_ = units * cost(1, 1);
  // The cut with the shortest time until the last thread is done.
  double best = std::numeric_limits<double>::infinity();
  for (int64_t bands = 1; bands <= std::min<int64_t>(height_, threads == 1 ? 1 : 4 * threads); ++bands) {
    for (int64_t splits = 1; splits <= std::min<int64_t>(window.filters, threads == 1 ? 1 : 4 * threads); splits *= 2) {
      const double rounds = std::ceil(units * static_cast<double>(bands * splits) / threads);
      if (rounds * cost(bands, splits) >= best) continue;
      best = rounds * cost(bands, splits);
      bands_ = bands;
      splits_ = splits;
    }
  }
}

Band Bands::operator[](int64_t index) const {
  const int64_t band = index % bands_;
  const int64_t split = index / bands_ % splits_;
  const int64_t unit = index / bands_ / splits_;
  return {unit / window_.groups,
          unit % window_.groups,
          window_.filters * split / splits_,
          window_.filters * (split + 1) / splits_,
          height_ * band / bands_,
          height_ * (band + 1) / bands_};
}

}  // namespace plumline
