#include "kernels/sub_image_conv/plan.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/aligned.h"

namespace plumline {
namespace {

// Measured costs, in the unit of ConvMethod::cost; storing the output counts by what it costs the other methods less.
constexpr double kInterleaveCost = 12;  // to make a vector of a row-major input
constexpr double kFinishCost = 8;       // to store a vector of a row-major output
constexpr double kVectorCost = 4;       // to move a vector when there is nothing to interleave
constexpr double kTapCost = 1;          // to see where a tap moves a position
constexpr double kSharingCost = 15000;  // to share out bands among threads, and to wait for the last

// A worker that needs more than this leaves every cache; it also bounds what a hostile file may ask for.
constexpr double kMaxWorkerBytes = 1 << 25;

int64_t divide_up(int64_t a, int64_t b) { return (a + b - 1) / b; }
int64_t round_up(int64_t a, int64_t b) { return divide_up(a, b) * b; }

AxisPlan plan_axis(int64_t size, int64_t taps, int64_t stride, int64_t dilation, int64_t pad, bool exchanged) {
  const int64_t extent = (taps - 1) * dilation;
  AxisPlan axis{stride, dilation, size, 0, 0, 0, 0, 0};
  if (exchanged) {
    axis.in_size = size * stride;
    axis.before = extent > pad ? (extent - pad) / stride : 0;
    axis.after = (pad + stride - 1) / stride;
    axis.shift = pad + stride * axis.before;
  } else {
    axis.in_size = (size - 1) * stride + extent + 1;
    axis.in_first = -pad;
  }
  return axis;
}

AxisPlan plan_rows(const Window& window, const SubImages& cut, bool exchanged) {
  return plan_axis(cut.height, window.kernel_height, window.stride_height, window.dilation_height, window.pad_top,
                   exchanged);
}
AxisPlan plan_columns(const Window& window, const SubImages& cut, bool exchanged) {
  return plan_axis(cut.width, window.kernel_width, window.stride_width, window.dilation_width, window.pad_left,
                   exchanged);
}

// Whether `count` sub-images cover an axis of the input, and what lies beyond one belongs to the next.
bool covers(const AxisPlan& axis, int64_t count, int64_t in_size) {
  return axis.in_size * count >= in_size && axis.before <= axis.size && axis.after <= axis.size;
}

// Of one band of so many rows of the output, planes and filters.
double band_cost(const Window& window, const SubImageConvPlan& plan, double rows, double planes, double filters) {
  const double taps = static_cast<double>(window.taps());
  const double halo = static_cast<double>(plan.rows.in_size - plan.cut.height * window.stride_height);
  const double in_rows = std::min(rows * static_cast<double>(window.stride_height) + std::max(halo, 0.0),
                                  rows * static_cast<double>(window.kernel_height));
  const double in_positions = in_rows * static_cast<double>(plan.columns.in_size);
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

bool can_exchange(const Window& window) {
  const SubImages cut = cut_images(window.batch, window.out_height, window.out_width);
  return covers(plan_rows(window, cut, true), cut.rows, window.height) &&
         covers(plan_columns(window, cut, true), cut.columns, window.width);
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
    : cut(cut_images(window.batch, window.out_height, window.out_width)),
      adder(needs),
      rows(plan_rows(window, cut, needs.exchanged_rows)),
      columns(plan_columns(window, cut, needs.exchanged_columns)) {
  pixels_row = columns.in_size * window.channels * kSubImages;
  sums_row = columns.sums() * (planes + 1) * kSubImages;
  kept_rows = rows.before + rows.after;
  const int64_t read = (window.kernel_height - 1) * window.dilation_height / window.stride_height + 1;
  const int64_t room = adder.sums_bytes / static_cast<int64_t>(sizeof(float)) / sums_row - kept_rows - read;
  rows_together = std::max<int64_t>(1, std::min(rows.in_size, room * window.stride_height));
  open_rows = std::min(rows.sums() - kept_rows, divide_up(rows_together - 1, window.stride_height) + read);
  targets = 4 * window.kernel_height;  // 16 bytes each
}

size_t SubImageConvPlan::worker_bytes() const {
  return align_up((round_up(adder.scratch, kSubImages) + rows_together * pixels_row + sums_row * (kept_rows + open_rows) + targets) *
                  sizeof(float));
}

Bands::Bands(const Window& window, const SubImageConvPlan& plan, int64_t planes, int64_t filter_step,
             int64_t most_filters, int threads)
    : window_(window), blocks_(plan.cut.blocks), height_(plan.cut.height), filter_step_(filter_step) {
  const double units = static_cast<double>(blocks_ * window.groups);
  const auto cost = [&](int64_t bands, int64_t splits) {
    return band_cost(window, plan, static_cast<double>(divide_up(height_, bands)),
                     static_cast<double>(planes) / static_cast<double>(splits),
                     static_cast<double>(window.filters) / static_cast<double>(splits));
  };
  const int64_t least_splits = divide_up(window.filters, most_filters);
  cost_ = units * static_cast<double>(least_splits) * cost(1, least_splits);
  // The cut with the shortest time until the last thread is done.
  const int64_t most_parts = threads == 1 ? 1 : 4 * threads;
  const int64_t most_bands = plan.adder.exchanged_rows ? 1 : std::min(height_, most_parts);
  const int64_t most_splits = std::max(least_splits, std::min(divide_up(window.filters, filter_step), most_parts));
  double best = std::numeric_limits<double>::infinity();
  for (int64_t bands = 1; bands <= most_bands; ++bands) {
    for (int64_t splits = least_splits; splits <= most_splits; splits *= 2) {
      const double rounds = std::ceil(units * static_cast<double>(bands * splits) / threads);
      const double time = rounds * cost(bands, splits) + (bands * splits > least_splits ? kSharingCost : 0);
      if (time >= best) continue;
      best = time;
      bands_ = bands;
      splits_ = splits;
    }
  }
}

Band Bands::operator[](int64_t index) const {
  const int64_t band = index % bands_;
  const int64_t split = index / bands_ % splits_;
  const int64_t unit = index / bands_ / splits_;
  const int64_t steps = divide_up(window_.filters, filter_step_);
  return {unit / window_.groups,
          unit % window_.groups,
          steps * split / splits_ * filter_step_,
          std::min(window_.filters, steps * (split + 1) / splits_ * filter_step_),
          height_ * band / bands_,
          height_ * (band + 1) / bands_};
}

}  // namespace plumline
