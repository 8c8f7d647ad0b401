#include "kernels/integer_merge/plan.h"

#include <algorithm>

namespace plumline {
namespace {

// A worker that needs more than this leaves every cache; it also bounds what a hostile file may ask for.
constexpr double kMaxWorkerBytes = 1 << 25;

// Estimated from the instructions, in cycles of AVX-512.
constexpr double kAddCost = 0.15;    // a channel, plane and tap of a position, by a program
constexpr double kReadCost = 120;    // to read a block of columns
constexpr double kWriteCost = 150;   // to turn a block of columns back into lines
constexpr double kFinishCost = 25;   // to make codes of a vector of sums
constexpr double kClearCost = 2;     // a sum, for each chunk
constexpr double kExchangeCost = 5;  // a sum beyond the edge, for each chunk
constexpr double kWidenCost = 6;     // a sum inside, for each chunk but the last

constexpr int64_t kBlock = 8;  // columns that are read and written at a time

int64_t divide_up(int64_t a, int64_t b) { return (a + b - 1) / b; }
int64_t round_up(int64_t a, int64_t b) { return divide_up(a, b) * b; }
double number(int64_t n) { return static_cast<double>(n); }

MergeAxis axis_of(int64_t parts, int64_t in, int64_t out, int64_t pad, int64_t extent) {
  const int64_t before = std::max<int64_t>(0, extent - pad);
  return {parts, divide_up(std::max(in, out), parts), before, pad, before + pad};
}

MergeAxis rows_of(const Window& w, int64_t parts) {
  return axis_of(parts, w.height, w.out_height, w.pad_top, (w.kernel_height - 1) * w.dilation_height);
}
MergeAxis columns_of(const Window& w, int64_t parts) {
  return axis_of(parts, w.width, w.out_width, w.pad_left, (w.kernel_width - 1) * w.dilation_width);
}

bool reaches_neighbours_only(const MergeAxis& axis) {
  return axis.before >= 0 && axis.after >= 0 && axis.before <= axis.size && axis.after <= axis.size;
}

double grid_cost(const Window& window, const MergeAxis& rows, const MergeAxis& columns, const MergeNeeds& needs) {
  const double inside = number(rows.size) * number(columns.size), all = number(rows.sums()) * number(columns.sums());
  const double blocks = number(rows.size) * number(divide_up(columns.size, kBlock));
  const double planes = number(needs.planes), chunks = number(needs.chunks);
  return inside * planes * kAddCost * number(window.columns()) + blocks * number(window.channels) * kReadCost +
         number(window.filters) * (blocks * kWriteCost + inside * kFinishCost) +
         planes * chunks * (all * kClearCost + (all - inside) * kExchangeCost) +
         planes * (chunks - 1) * inside * kWidenCost;
}

// How many rows of sub-images; 0 where no way to cut an image will do.
int64_t choose_rows(const Window& window, const MergeNeeds& needs) {
  int64_t best = 0;
  double lowest = 0;
  for (int64_t parts = 1; parts <= kLaneImages; parts *= 2) {
    const MergeAxis rows = rows_of(window, parts), columns = columns_of(window, kLaneImages / parts);
    if (!reaches_neighbours_only(rows) || !reaches_neighbours_only(columns)) continue;
    const double cost = grid_cost(window, rows, columns, needs);
    if (best > 0 && cost >= lowest) continue;
    best = parts;
    lowest = cost;
  }
  return best;
}

}  // namespace

IntegerMergePlan::IntegerMergePlan(const Window& window, const MergeNeeds& needs) : band_planes(needs.band_planes) {
  const int64_t parts = choose_rows(window, needs);
  rows = rows_of(window, parts);
  columns = columns_of(window, kLaneImages / parts);
  temporaries = round_up(needs.temporaries, kPositionBytes);
  pixels = positions() * window.channels * kPositionBytes;
  // Neighbours are read up to a vector beyond a sum.
  sums = (rows.sums() * columns.sums() * band_planes + 2) * kPositionBytes;
  wide = needs.chunks > 1 ? 2 * positions() * band_planes * kPositionBytes : 0;
  // Lines are read and written in blocks: of each sub-image, or of each row of them.
  const int64_t block_line = round_up(columns.size, kBlock);
  const int64_t line = (columns.parts - 1) * columns.size + block_line + kBlock;
  lines = round_up(std::max(rows.parts * line, (kLaneImages + 1) * block_line), kPositionBytes);
}

bool can_merge(const Window& window, const MergeNeeds& needs) {
  if (window.stride_height != 1 || window.stride_width != 1) return false;
  // Before anything is multiplied: a position takes at least a byte of what there is room for.
  if (number(window.height) > kMaxWorkerBytes || number(window.width) > kMaxWorkerBytes ||
      number(window.out_height) > kMaxWorkerBytes || number(window.out_width) > kMaxWorkerBytes ||
      choose_rows(window, needs) == 0)
    return false;
  const double pixels = std::max(number(window.height) * number(window.width), number(window.pixels()));
  if (pixels * std::max(number(window.channels), number(needs.band_planes)) > kMaxWorkerBytes) return false;
  return number(static_cast<int64_t>(IntegerMergePlan(window, needs).worker_bytes())) <= kMaxWorkerBytes;
}

double integer_merge_cost(const Window& window, const IntegerMergePlan& plan, const MergeNeeds& needs) {
  return grid_cost(window, plan.rows, plan.columns, needs) -
         number(plan.positions()) * number(needs.planes) * kAddCost * number(window.columns());
}

}  // namespace plumline
