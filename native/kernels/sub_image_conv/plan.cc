#include "kernels/sub_image_conv/plan.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/aligned.h"

namespace plumline {
namespace {

// Measured costs, in the unit of ConvMethod::cost; storing the output counts by what it costs the other methods less.
constexpr double kInterleaveCost = 20;  // to make a vector of a row-major input
constexpr double kFinishCost = 17;      // to store a vector of a row-major output
constexpr double kVectorCost = 4;       // to move a vector when there is nothing to interleave
constexpr double kTapCost = 1;          // to see where a tap moves a position

// A worker that needs more than this leaves every cache; it also bounds what a hostile file may ask for.
constexpr double kMaxWorkerBytes = 1 << 25;

int64_t divide_up(int64_t a, int64_t b) { return (a + b - 1) / b; }
int64_t round_up(int64_t a, int64_t b) { return divide_up(a, b) * b; }

// Of one band of so many rows of the output, planes and filters.
double band_cost(const Window& window, const SubImageConvPlan& plan, double rows, double planes, double filters) {
  const double taps = static_cast<double>(window.taps());
  const double in_rows = std::min((rows - 1) * static_cast<double>(window.stride_height) +
                                      static_cast<double>(plan.in_height - 1) -
                                      static_cast<double>((plan.cut.height - 1) * window.stride_height) + 1,
                                  rows * static_cast<double>(window.kernel_height));
  const double in_positions = in_rows * static_cast<double>(plan.end_column - plan.first_column);
  const double positions = rows * static_cast<double>(plan.cut.width);
  const bool stays = can_take_sub_images(window);
  const double moving = static_cast<double>(window.channels) * (stays ? kVectorCost : kInterleaveCost);
  return in_positions * (taps * kTapCost + moving + plan.adder.position_cost) +
         positions * (planes * taps * plan.adder.plane_cost + filters * (stays ? kVectorCost : kFinishCost));
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

bool can_plan(const Window& window, int64_t planes, const AdderNeeds& adder) {
  constexpr double kLimit = 1e12;
  const auto product = [](int64_t a, int64_t b) { return static_cast<double>(a) * static_cast<double>(b); };
  const int64_t reach = window.out_width * window.stride_width + window.kernel_width * window.dilation_width;
  if (product(reach, window.channels) >= kLimit || product(window.pixels(), planes + 1) >= kLimit ||
      product(reach, planes + 1) >= kLimit || product(reach, kSubImages * window.kernel_height) >= kLimit)
    return false;
  return static_cast<double>(SubImageConvPlan(window, planes, adder).worker_bytes()) <= kMaxWorkerBytes;
}

SubImageConvPlan::SubImageConvPlan(const Window& window, int64_t planes, const AdderNeeds& needs)
    : cut(cut_images(window.batch, window.out_height, window.out_width)), adder(needs) {
  const int64_t down = (window.kernel_height - 1) * window.dilation_height;
  const int64_t across = (window.kernel_width - 1) * window.dilation_width;
  in_height = (cut.height - 1) * window.stride_height + down + 1;
  in_width = (cut.width - 1) * window.stride_width + across + 1;
  const bool exchanged = !adder.halo && can_take_sub_images(window);
  first_column = exchanged ? across : 0;
  end_column = exchanged ? across + cut.width : in_width;
  sum_columns = exchanged ? cut.width + across : cut.width;
  own_column = exchanged ? across - window.pad_left : 0;

  pixels = in_width * window.channels * kSubImages;
  // Columns are read and written in fours, lines up to a vector of at most kSubImages numbers further.
  const int64_t in_line = (cut.columns - 1) * cut.width * window.stride_width + round_up(in_width, 4);
  lines = cut.images * cut.rows * round_up(std::max(in_line, cut.columns * cut.width) + kSubImages, kSubImages);
  sums_row = sum_columns * (planes + 1) * kSubImages;
  sums_rows = std::min(cut.height, down / window.stride_height + 1);
  targets = 4 * window.kernel_height;  // 16 bytes each
}

size_t SubImageConvPlan::worker_bytes() const {
  return align_up((round_up(adder.scratch, kSubImages) + pixels + lines + sums_row * sums_rows + targets) *
                  sizeof(float));
}

Bands::Bands(const Window& window, const SubImageConvPlan& plan, int64_t planes, int threads)
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
