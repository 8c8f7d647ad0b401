#include "kernels/integer_sub_images/plan.h"

#include <algorithm>

namespace plumline {
namespace {

// A worker that needs more than this leaves every cache; it also bounds what a hostile file may ask for, as does the
// other for images that are cut.
constexpr double kMaxWorkerBytes = 1 << 25;
constexpr double kMaxImagesBytes = 1 << 29;
constexpr int64_t kMostPhases = 64;

// Estimated, in cycles of AVX-512.
constexpr double kConvertCost = 100;  // of a channel, for 8 columns of all sub-images
constexpr double kLoadCost = 2;       // to widen a vector of the input
constexpr double kFinishCost = 20;    // to make codes of a vector of sums
constexpr double kClearCost = 2;      // a sum, for each chunk
constexpr double kExchangeCost = 5;   // a sum beyond the edge, for each chunk
constexpr double kWidenCost = 6;      // a sum inside, for each chunk but the last

int64_t divide_up(int64_t a, int64_t b) { return (a + b - 1) / b; }
int64_t round_up(int64_t a, int64_t b) { return divide_up(a, b) * b; }
double number(int64_t n) { return static_cast<double>(n); }

CodeAxis axis_of(int64_t parts, int64_t size, int64_t taps, int64_t stride, int64_t dilation, int64_t pad) {
  CodeAxis axis = {parts, size, 0, 0, stride, dilation, pad};
  for (int64_t tap = 0; tap < taps; ++tap) {
    axis.before = std::max(axis.before, -axis.move(tap));
    axis.after = std::max(axis.after, axis.move(tap));
  }
  return axis;
}

CodeAxis rows_of(const Window& w, const SubImages& cut) {
  return axis_of(cut.rows, cut.height, w.kernel_height, w.stride_height, w.dilation_height, w.pad_top);
}
CodeAxis columns_of(const Window& w, const SubImages& cut) {
  return axis_of(cut.columns, cut.width, w.kernel_width, w.stride_width, w.dilation_width, w.pad_left);
}

// The best cut of the output whose neighbours are all that a tap reaches. Positions of the input that no output reads
// are there too.
SubImages choose_cut(const Window& w) {
  const int64_t height = std::max(w.out_height, divide_up(w.height, w.stride_height));
  const int64_t width = std::max(w.out_width, divide_up(w.width, w.stride_width));
  return best_cut(w.batch, height, width, kCodeSubImages, [&](const SubImages& cut) {
    const CodeAxis rows = rows_of(w, cut), columns = columns_of(w, cut);
    return std::max(rows.before, rows.after) <= rows.size && std::max(columns.before, columns.after) <= columns.size;
  });
}

bool same(const SubImages& a, const SubImages& b) {
  return a.images == b.images && a.rows == b.rows && a.columns == b.columns && a.height == b.height &&
         a.width == b.width;
}

}  // namespace

CodePlan::CodePlan(const Window& window, const CodeNeeds& needs)
    : cut(choose_cut(window)),
      rows(rows_of(window, cut)),
      columns(columns_of(window, cut)),
      band_planes(needs.band_planes) {
  // Neighbours are read up to a vector beyond a sum.
  const int64_t all = rows.sums() * columns.sums();
  adder = round_up(needs.adder_bytes, kPositionBytes);
  channels = needs.chunk_channels * kPositionBytes;
  sums = (all * sums_pitch(band_planes) + 2) * kPositionBytes;
  wide = needs.chunks > 1 ? 2 * positions() * band_planes * kPositionBytes : 0;
  totals = needs.has_totals ? (2 * all + 4) * kPositionBytes : 0;
}

SubImages CodePlan::input_cut() const {
  return {cut.images, cut.rows, cut.columns, rows.in_size(), columns.in_size(), cut.blocks};
}

bool can_plan(const Window& window, const CodeNeeds& needs) {
  if (window.taps() > kMostCodeTaps || window.stride_height > kMostPhases || window.stride_width > kMostPhases ||
      window.stride_height * window.stride_width > kMostPhases)
    return false;
  // Before anything is multiplied: a position takes at least a byte of what there is room for.
  for (const int64_t size : {window.height, window.width, window.out_height, window.out_width})
    if (number(size) > kMaxWorkerBytes) return false;
  const SubImages cut = choose_cut(window);
  if (cut.images == 0) return false;
  const double positions = number(cut.height) * number(cut.width);
  if (positions * number(needs.band_planes + 1) > kMaxWorkerBytes) return false;
  const double pixels = positions * number(cut.blocks) * number(kCodeSubImages * window.groups);
  if (pixels * number(window.stride_height * window.stride_width) * number(window.channels) > kMaxImagesBytes ||
      pixels * number(window.filters) > kMaxImagesBytes)
    return false;
  return number(static_cast<int64_t>(CodePlan(window, needs).worker_bytes())) <= kMaxWorkerBytes;
}

bool input_is_cut_so(const Window& window, const CodePlan& plan) {
  return same(plan.input_cut(), cut_images(window.batch, window.height, window.width, kCodeSubImages));
}

bool output_is_cut_so(const Window& window, const CodePlan& plan) {
  return same(plan.cut, cut_images(window.batch, window.out_height, window.out_width, kCodeSubImages));
}

double code_plan_cost(const Window& window, const CodePlan& plan, const CodeNeeds& needs) {
  const CodeAxis &rows = plan.rows, &columns = plan.columns;
  const double inside = number(plan.positions()), all = number(rows.sums() * columns.sums());
  const double planes = number(needs.planes), chunks = number(needs.chunks);
  const double bands = number(divide_up(needs.planes, std::max<int64_t>(1, needs.band_planes)));
  const auto blocks = [](int64_t height, int64_t width) { return number(height) * number(divide_up(width, 8)); };
  // Values stay in sub-images for a few layers where they can.
  const double in_share = input_is_cut_so(window, plan) ? 0.3 : 1, out_share = output_is_cut_so(window, plan) ? 0.3 : 1;
  const double converted =
      in_share * blocks(rows.in_size(), columns.in_size()) * number(window.channels) +
      out_share * blocks(rows.size, columns.size) * number(window.filters);
  const double of_group = converted * kConvertCost +
                          bands * number(rows.in_size() * columns.in_size()) * number(window.channels) * kLoadCost +
                          number(window.filters) * inside * kFinishCost +
                          planes * chunks * (all * kClearCost + (all - inside) * kExchangeCost) +
                          planes * (chunks - 1) * inside * kWidenCost;
  return number(plan.cut.blocks) * number(window.groups) * of_group;
}

}  // namespace plumline
