#include "kernels/integer_tables/plan.h"

#include <algorithm>
#include <utility>

namespace plumline {
namespace {

// Measured, in cycles of AVX-512.
constexpr double kInterleaveCost = 10;  // to make a vector of the input
constexpr double kEntryCost = 1.5;      // to make an entry of a table
constexpr double kTapCost = 40;         // to see where a tap moves a position
constexpr double kAddCost = 1.2;        // to add an entry
constexpr double kSumCost = 4;          // to load and store a sum
constexpr double kFinishCost = 30;      // to make codes of a vector of sums
constexpr double kTurnCost = 120;       // to turn a block of columns back into lines

constexpr int64_t kBlock = 8;  // columns that are read and written at a time

int64_t divide_up(int64_t a, int64_t b) { return (a + b - 1) / b; }
int64_t round_up(int64_t a, int64_t b) { return divide_up(a, b) * b; }

LaneGrid grid_of(const Window& window, int64_t rows) {
  LaneGrid grid{};
  grid.rows = rows;
  grid.columns = kLaneImages / rows;
  grid.height = divide_up(window.out_height, grid.rows);
  grid.width = divide_up(window.out_width, grid.columns);
  grid.in_height = (grid.height - 1) * window.stride_height + (window.kernel_height - 1) * window.dilation_height + 1;
  grid.in_width = (grid.width - 1) * window.stride_width + (window.kernel_width - 1) * window.dilation_width + 1;
  return grid;
}

// The grid with the fewest positions, and among those the one that reads the fewest blocks.
LaneGrid choose_grid(const Window& window) {
  LaneGrid best = grid_of(window, 1);
  const auto size = [](const LaneGrid& grid) {
    return std::make_pair(static_cast<double>(grid.height) * static_cast<double>(grid.width),
                          static_cast<double>(grid.in_height) * static_cast<double>(round_up(grid.in_width, kBlock)));
  };
  for (int64_t rows = 2; rows <= kLaneImages; rows *= 2) {
    const LaneGrid grid = grid_of(window, rows);
    if (size(grid) < size(best)) best = grid;
  }
  return best;
}

// Larger tables save additions but cost more to make, and leave the first cache less room: planes must use them often.
int choose_bits(int64_t chunk, int64_t planes, int64_t taps) { return chunk > 32 && planes * taps >= 300 ? 5 : 4; }

}  // namespace

IntegerTablesPlan::IntegerTablesPlan(const Window& window, int64_t planes, int64_t most_channels)
    : grid(choose_grid(window)), bits(choose_bits(std::min(most_channels, window.channels), planes, window.taps())) {
  chunks = divide_up(window.channels, most_channels);
  chunk = std::min(most_channels, round_up(divide_up(window.channels, chunks), bits));
  chunks = divide_up(window.channels, chunk);
  tables = divide_up(chunk, bits) * (kPositionBytes << bits);
  const int64_t in_width = round_up(grid.in_width, kBlock);
  pixels = in_width * window.channels * kPositionBytes;
  // Lines are read and written in blocks, and cleared in vectors.
  const int64_t in_line = (grid.columns - 1) * grid.width * window.stride_width + in_width;
  const int64_t out_line = (grid.columns - 1) * grid.width + round_up(grid.width, kBlock);
  lines = grid.rows * round_up(std::max(in_line, out_line) + kPositionBytes, kPositionBytes);
  position = (chunks * planes + 2) * kPositionBytes;
  sums_row = round_up(grid.width, kBlock) * position;
  const int64_t extent = (window.kernel_height - 1) * window.dilation_height;
  sums_rows = std::min(grid.height, extent / window.stride_height + 1);
  targets = round_up(16 * window.kernel_height, kPositionBytes);
}

LaneBands::LaneBands(const Window& window, const IntegerTablesPlan& plan, int threads)
    : window_(window), height_(plan.grid.height) {
  const int64_t units = window.batch * window.groups;
  if (threads == 1 || units >= 4 * threads) return;
  // Filters first: what a band of rows reads overlaps with its neighbours, while tables are cheap to make again.
  const int64_t wanted = divide_up(2 * threads, units);
  splits_ = std::clamp<int64_t>(window.filters / 32, 1, wanted);
  bands_ = std::clamp<int64_t>(divide_up(wanted, splits_), 1, height_);
}

LaneBand LaneBands::operator[](int64_t index) const {
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

double integer_tables_cost(const Window& window, const IntegerTablesPlan& plan, int64_t planes) {
  const LaneGrid& grid = plan.grid;
  const auto number = [](int64_t n) { return static_cast<double>(n); };
  const double tables = number(divide_up(window.channels, plan.bits)), taps = number(window.taps());
  const double in_rows = number(grid.in_height), rows = number(grid.height);
  const double blocks = number(divide_up(grid.in_width, kBlock)), out_blocks = number(divide_up(grid.width, kBlock));
  const double read = in_rows * blocks * kBlock * number(window.channels) * kInterleaveCost;
  const double prepared = in_rows * number(grid.in_width) * (tables * kEntryCost * (1 << plan.bits) + taps * kTapCost);
  const double added = rows * number(grid.width) * number(planes) * taps *
                       (tables * kAddCost + number(plan.chunks) * kSumCost);
  const double finished = rows * number(window.filters) * (number(grid.width) * kFinishCost + out_blocks * kTurnCost);
  return number(window.batch * window.groups) * (read + prepared + added + finished);
}

}  // namespace plumline
