#include "kernels/integer_tables/integer_tables.h"

#include <algorithm>
#include <limits>
#include <memory>

#include "kernels/integer_sub_images/method.h"
#include "kernels/select.h"

namespace plumline {
namespace {

#define PLUMLINE_KERNEL(space, isa) {isa, &space::integer_tables_kernel},
constexpr Implementation<IntegerTablesKernel> kKernels[] = {
#include "kernels/integer_tables/kernels.inc"
};
#undef PLUMLINE_KERNEL

// Estimated, in cycles of AVX-512.
constexpr double kEntryCost = 1.5;  // to make an entry of a table
constexpr double kAddCost = 1.2;    // to add an entry
constexpr double kSumCost = 4;      // to load and store a sum
constexpr double kTapCost = 40;     // to see where a tap moves a position

// Planes that no block of code begins at: bands may begin anywhere.
constexpr int64_t kPlaneStep = 32;

PlaneRows rows_of(const Weights& weights) {
  return {weights.row_start,
          {weights.coefficient, weights.coefficient + weights.planes()},
          {weights.total_coefficient.begin(), weights.total_coefficient.end()},
          [weights](int64_t plane, const std::vector<int64_t>& columns, int8_t* to) {
            for (const int64_t k : columns) *to++ = static_cast<int8_t>(weights.bit(plane, k));
          }};
}

class IntegerTables : public SubImageMethod {
 public:
  IntegerTables(const IntegerLayer& layer, const Weights& planes, const Taps& taps, Isa isa)
      : SubImageMethod(layer, rows_of(planes), taps, kPlaneStep, isa),
        kernel_(select_kernels(kKernels, isa)),
        bits_(integer_table_bits(chunks_.channels, most_planes(), taps.taps)) {}

  std::string name() const override { return std::string("integer_tables/") + kernel_.isa; }

  double cost(const Window& window) const override {
    const double around = cost_around(window);
    if (around == std::numeric_limits<double>::infinity()) return around;
    const CodePlan plan(window, needs(window));
    const auto number = [](int64_t n) { return static_cast<double>(n); };
    const double phases = number(window.stride_height * window.stride_width);
    const double bands = number((most_planes() + plan.band_planes - 1) / std::max<int64_t>(1, plan.band_planes));
    const double tables = number(chunks_.count * tables_of_chunk()), taps = number(window.taps());
    const double made = bands * phases * (tables * kEntryCost * (1 << bits_) + taps / phases * kTapCost);
    const double added = number(most_planes()) * taps * (tables * kAddCost + number(chunks_.count) * kSumCost);
    return around + kernel_.slowness * number(plan.positions() * plan.cut.blocks * window.groups) * (made + added);
  }

  // The words of a chunk: which channels each plane adds up at each tap.
  void prepare(const Window&) override {
    if (!words_.empty()) return;
    words_.assign(static_cast<size_t>(rows_.planes() * chunks_.count * taps_.taps), 0);
    for (int64_t group = 0; group < taps_.groups; ++group) {
      uint64_t* word = words_.data() + first_plane(group) * chunks_.count * taps_.taps;
      for (int64_t chunk = 0; chunk < chunks_.count; ++chunk) {
        const int64_t first = chunk * chunks_.channels, end = std::min(first + chunks_.channels, taps_.channels);
        const int64_t planes = first_plane(group + 1) - first_plane(group);
        const std::vector<int64_t> columns = columns_by_tap(taps_, first, end);
        std::vector<int8_t> signs(columns.size());
        for (int64_t plane = 0; plane < planes; ++plane) {
          rows_.signs(first_plane(group) + plane, columns, signs.data());
          for (size_t i = 0; i < signs.size(); ++i) {
            const int64_t tap = static_cast<int64_t>(i) / (end - first), channel = static_cast<int64_t>(i) % (end - first);
            word[tap * planes + plane] |= static_cast<uint64_t>(signs[i]) << channel;
          }
        }
        word += taps_.taps * planes;
      }
    }
  }

 protected:
  int64_t adder_bytes() const override { return tables_of_chunk() * (kPositionBytes << bits_); }

  void run_band(const CodeWork& work) const override {
    const int64_t first = first_plane(work.band.group);
    kernel_.run(work, {words_.data() + first * chunks_.count * taps_.taps, first_plane(work.band.group + 1) - first,
                       taps_.taps, bits_});
  }

 private:
  int64_t tables_of_chunk() const { return (chunks_.channels + bits_ - 1) / bits_; }

  const IntegerTablesKernel& kernel_;
  const int bits_;
  std::vector<uint64_t> words_;
};

}  // namespace

std::unique_ptr<IntegerMethod> make_integer_tables(const IntegerLayer& layer, const Weights& planes, const Taps& taps,
                                                   Isa isa) {
  return std::make_unique<IntegerTables>(layer, planes, taps, isa);
}

}  // namespace plumline
