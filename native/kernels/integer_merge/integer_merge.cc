#include "kernels/integer_merge/integer_merge.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <utility>

#include "kernels/integer_merge/programs.h"
#include "kernels/integer_sub_images/method.h"
#include "kernels/merge/cost.h"
#include "kernels/merge_conv/sign_planes.h"
#include "kernels/select.h"

namespace plumline {

#if PLUMLINE_X86

namespace {

#define PLUMLINE_KERNEL(space, isa) {isa, &space::integer_merge_kernel},
constexpr Implementation<IntegerMergeKernel> kKernels[] = {
#include "kernels/integer_merge/kernels.inc"
};
#undef PLUMLINE_KERNEL

// Code of so many weights is fetched from behind the second-level cache. Where that is for fewer positions, it costs
// more than it saves (measured).
constexpr int64_t kManyWeights = 1 << 18;
constexpr int64_t kFewestPositions = 6;

constexpr double kAdditionBytes = 5.5;  // of code

// Programs of more rows than this take too long to make for what they save.
constexpr int64_t kMostRows = 1 << 14;

PlaneRows rows_of(const Weights& weights) {
  auto planes = std::make_shared<const SignPlanes>(weights);
  return {planes->row_start(), {planes->coefficient().begin(), planes->coefficient().end()}, {},
          [planes](int64_t plane, const std::vector<int64_t>& columns, int8_t* to) { planes->signs(plane, columns, to); }};
}

MergeCodeOptions options_for(Isa isa) {
  MergeCodeOptions options;
  options.lanes = LaneType::kInt16;
  options.vector_bytes = isa >= Isa::kAvx512 ? 64 : 32;
  return options;
}

class IntegerMerge : public SubImageMethod {
 public:
  IntegerMerge(const IntegerLayer& layer, const Weights& weights, const Taps& taps, Isa isa)
      : SubImageMethod(layer, rows_of(weights), taps, MergeCodeOptions().plane_step, isa),
        kernel_(select_kernels(kKernels, isa)),
        options_(options_for(isa)) {
    count_entries();
  }

  std::string name() const override { return std::string("integer_merge/") + kernel_.isa; }

  double cost(const Window& window) const override {
    constexpr double kNever = std::numeric_limits<double>::infinity();
    if (refused_ || !code_generation_is_enabled() || most_planes() * taps_.taps > kMostRows) return kNever;
    const double around = cost_around(window);
    if (around == kNever) return kNever;
    const CodePlan plan(window, needs(window));
    if (plan.positions() < kFewestPositions && most_planes() * window.columns() > kManyWeights) return kNever;
    return around + static_cast<double>(plan.positions() * plan.cut.blocks) * adding_cost(window, plan.positions());
  }

  // The windows of one layer differ in their strides: one that an image is too small to take counts as 1.
  void prepare(const Window& window) override {
    const std::pair<int64_t, int64_t> strides(window.stride_height, window.stride_width);
    if (programs_.count(strides)) return;
    const CodePlan plan(window, needs(window));
    std::vector<IntegerMergePrograms> made;
    for (int64_t group = 0; group < taps_.groups && !refused_; ++group) {
      made.emplace_back(rows_, taps_, chunks_, plan.rows, plan.columns, first_plane(group), first_plane(group + 1),
                        options_);
      refused_ = !made.back().complete();
    }
    if (!refused_) programs_.emplace(strides, std::move(made));
  }

 protected:
  // The last chunk may have fewer channels, which leave room for more temporaries.
  int64_t adder_bytes() const override {
    const int64_t last = taps_.channels - (chunks_.count - 1) * chunks_.channels;
    const int64_t temporaries = std::max(merge_budget(chunks_.channels, options_.vector_bytes).most_temporaries,
                                         merge_budget(last, options_.vector_bytes).most_temporaries);
    return temporaries * options_.vector_bytes;
  }

  void run_band(const CodeWork& work) const override {
    const auto& programs = programs_.at({work.window.stride_height, work.window.stride_width});
    kernel_.run(work, programs[static_cast<size_t>(work.band.group)].calls());
  }

 private:
  // Rows of ones and minus ones alone are computed as the total less what is subtracted, twice.
  void count_entries() {
    const std::vector<int64_t> columns = columns_by_tap(taps_, 0, taps_.channels);
    const int64_t all = static_cast<int64_t>(columns.size());
    std::vector<int8_t> signs(columns.size());
    for (int64_t plane = 0; plane < rows_.planes(); ++plane) {
      rows_.signs(plane, columns, signs.data());
      const int64_t plus = std::count(signs.begin(), signs.end(), 1), minus = std::count(signs.begin(), signs.end(), -1);
      if (plus + minus < all)
        entries_ += std::min(plus + minus, all - std::max(plus, minus));
      else
        entries_ += std::min(plus, minus);
      both_signs_ = both_signs_ || (plus > 0 && minus > 0 && plus + minus < all);
    }
  }

  // Estimated cycles at a position of the output, of all groups: the more rows share their channels and the denser they
  // are, the more is merged. Fitted to programs of random rows.
  double adding_cost(const Window& window, int64_t positions) const {
    const double programs = static_cast<double>(window.groups * chunks_.count * window.stride_height * window.stride_width);
    const double rows = static_cast<double>(most_planes() * taps_.taps) /
                        static_cast<double>(window.stride_height * window.stride_width);
    const double density = static_cast<double>(entries_) / static_cast<double>(rows_.planes() * taps_.channels * taps_.taps);
    const double shared = std::clamp(0.43 * (std::log2(rows) - 3.5), 0.0, 2.6) * (both_signs_ ? 0.7 : 1);
    const double additions = static_cast<double>(entries_) / (1 + shared * density) / programs;
    const double loads = 0.8 * additions + rows, stores = rows + 200;
    const MergeWork work = {static_cast<int64_t>(loads), static_cast<int64_t>(stores), static_cast<int64_t>(additions)};
    const auto code_bytes = static_cast<size_t>(kAdditionBytes * additions + 8 * rows);
    return programs * merge_cost({work, code_bytes, options_.vector_bytes, positions});
  }

  const IntegerMergeKernel& kernel_;
  const MergeCodeOptions options_;
  int64_t entries_ = 0;  // about as many additions would be needed without merging
  bool both_signs_ = false;
  bool refused_ = false;  // no code can be made
  std::map<std::pair<int64_t, int64_t>, std::vector<IntegerMergePrograms>> programs_;  // of strides, each group
};

}  // namespace

std::unique_ptr<IntegerMethod> make_integer_merge(const IntegerLayer& layer, const Weights& planes, const Taps& taps,
                                                  Isa isa) {
  if (isa < Isa::kAvx2 || planes.planes() == 0) return nullptr;
  return std::make_unique<IntegerMerge>(layer, planes, taps, isa);
}

#else

std::unique_ptr<IntegerMethod> make_integer_merge(const IntegerLayer&, const Weights&, const Taps&, Isa) {
  return nullptr;
}

#endif

}  // namespace plumline
