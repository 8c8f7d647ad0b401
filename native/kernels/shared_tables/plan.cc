#include "kernels/shared_tables/plan.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "core/aligned.h"

namespace plumline {
namespace {

// Measured costs, in the unit of ConvMethod::cost; storing the output counts by what it costs the other methods less.
constexpr double kInterleaveCost = 20;  // to make a vector of the input
constexpr double kEntryCost = 2.2;      // to make an entry of a table
constexpr double kAddCost = 1.15;       // to add an entry
constexpr double kSumCost = 2.75;       // to load and store a sum
constexpr double kTapCost = 1;          // to see where a tap moves a position
constexpr double kFinishCost = 17;      // to store a vector of the output

int64_t divide_up(int64_t a, int64_t b) { return (a + b - 1) / b; }
int64_t round_up(int64_t a, int64_t b) { return divide_up(a, b) * b; }

Grid grid_of(const Window& window, int64_t rows) {
  Grid grid{};
  grid.rows = rows;
  grid.columns = kSubImages / rows;
  grid.height = divide_up(window.out_height, grid.rows);
  grid.width = divide_up(window.out_width, grid.columns);
  grid.in_height = (grid.height - 1) * window.stride_height + (window.kernel_height - 1) * window.dilation_height + 1;
  grid.in_width = (grid.width - 1) * window.stride_width + (window.kernel_width - 1) * window.dilation_width + 1;
  return grid;
}

// The grid with the fewest positions, and among those the one with the smallest overlap.
Grid choose_grid(const Window& window) {
  Grid best = grid_of(window, 1);
  const auto size = [](const Grid& grid) {
    return std::make_pair(static_cast<double>(grid.height) * static_cast<double>(grid.width),
                          static_cast<double>(grid.in_height) * static_cast<double>(grid.in_width));
  };
  for (int64_t rows = 2; rows <= kSubImages; rows *= 2) {
    const Grid grid = grid_of(window, rows);
    if (size(grid) < size(best)) best = grid;
  }
  return best;
}

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
                                      static_cast<double>(plan.grid.in_height - 1) -
                                      static_cast<double>((plan.grid.height - 1) * window.stride_height) + 1,
                                  rows * static_cast<double>(window.kernel_height));
  const double in_positions = in_rows * static_cast<double>(plan.grid.in_width);
  const double positions = rows * static_cast<double>(plan.grid.width);
  return in_positions * taps * kTapCost + in_positions * (channels * kInterleaveCost + tables * kEntryCost * ((1 << plan.bits) - 1)) +
         positions * planes * taps * (tables * kAddCost + chunks / plan.folds * kSumCost) +
         positions * filters * kFinishCost;
}

}  // namespace

SharedTablesPlan::SharedTablesPlan(const Window& window, int64_t planes)
    : grid(choose_grid(window)), bits(choose_bits(window, planes)), folds(choose_folds(window)) {
  table_size = divide_up(std::min(window.channels, kChunkChannels), bits) * (kSubImages << bits);
  tables = table_size * folds;
  // Columns are read and written in fours, lines up to a vector of at most kSubImages numbers further.
  const int64_t in_width = round_up(grid.in_width, 4);
  pixels = in_width * window.channels * kSubImages;
  const int64_t in_line = (grid.columns - 1) * grid.width * window.stride_width + in_width;
  lines = grid.rows * round_up(std::max(in_line, grid.columns * grid.width) + kSubImages, kSubImages);
  sums_row = round_up(grid.width, 4) * (planes + 1) * kSubImages;
  const int64_t extent = (window.kernel_height - 1) * window.dilation_height;
  sums_rows = std::min(grid.height, extent / window.stride_height + 1);
  targets = 4 * window.kernel_height;  // 16 bytes each
}

size_t SharedTablesPlan::worker_bytes() const {
  return align_up((tables + pixels + lines + sums_row * sums_rows + targets) * sizeof(float));
}

Bands::Bands(const Window& window, const SharedTablesPlan& plan, int64_t planes, int threads)
    : window_(window), height_(plan.grid.height) {
  const double units = static_cast<double>(window.batch * window.groups);
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
