#include "kernels/integer_merge/integer_merge.h"

#include <algorithm>
#include <limits>

#include "core/aligned.h"
#include "kernels/integer/method.h"
#include "kernels/integer_merge/programs.h"
#include "kernels/select.h"

namespace plumline {

#if PLUMLINE_X86

namespace {

#define PLUMLINE_KERNEL(space, isa) {isa, &space::integer_merge_kernel},
constexpr Implementation<IntegerMergeKernel> kKernels[] = {
#include "kernels/integer_merge/kernels.inc"
};
#undef PLUMLINE_KERNEL

// A band's code should stay in the second-level cache beside its sums.
constexpr int64_t kBandPlanes = 128;
constexpr double kSumsBytes = 640 * 1024;

// Code of so many weights is fetched from behind the second-level cache. Where that is for fewer positions, it costs
// more than it saves (measured): none is made.
constexpr int64_t kManyWeights = 1 << 18;
constexpr int64_t kFewestPositions = 6;

// Programs of more rows than this take too long to make for what they save.
constexpr int64_t kMostRows = 1 << 14;

class IntegerMerge : public IntegerMethod {
 public:
  IntegerMerge(const IntegerLayer& layer, const Weights& weights, const Taps& taps, Isa isa)
      : kernel_(select_kernels(kKernels, isa)),
        taps_(taps),
        filters_(weights.filters / taps.groups),
        bias_(layer.bias),
        multiplier_(layer.multiplier),
        offset_(layer.offset),
        input_(layer.input),
        output_(layer.output),
        to_float_(layer.to_float),
        planes_(weights),
        coefficient_(planes_.coefficient().begin(), planes_.coefficient().end()) {
    options_.lanes = LaneType::kInt16;
    options_.vector_bytes = isa >= Isa::kAvx512 ? 64 : 32;
    for (int64_t group = 0; group < taps.groups; ++group)
      needs_.planes = std::max<int64_t>(needs_.planes, first_plane(group + 1) - first_plane(group));
    choose_steps();
    if (taps.taps <= kMostIntegerMergeTaps && needs_.planes * taps.taps <= kMostRows)
      chunks_ = choose_chunks(planes_, taps, input_);
    needs_.chunks = chunks_.count;
  }

  std::string name() const override { return std::string("integer_merge/") + kernel_.isa; }

  double cost(const Window& window) const override {
    constexpr double kNever = std::numeric_limits<double>::infinity();
    if (chunks_.count == 0 || !can_merge(window, needs(window))) return kNever;
    const IntegerMergePlan plan(window, needs(window));
    const bool many = needs_.planes * window.columns() > kManyWeights;
    if ((many && plan.positions() < kFewestPositions) || !make_programs()) return kNever;
    double cost = static_cast<double>(taps_.groups) * integer_merge_cost(window, plan, needs_);
    for (const IntegerMergePrograms& programs : programs_)
      cost += static_cast<double>(plan.positions()) * programs.cost(plan.positions());
    return static_cast<double>(window.batch) * cost;
  }

  size_t scratch_bytes(const Window& window, int threads) const override {
    return threads * align_up(IntegerMergePlan(window, needs(window)).worker_bytes());
  }

  void run(const Window& window, const uint8_t* input, void* output, std::byte* scratch,
           ThreadPool& pool) const override {
    const IntegerMergePlan plan(window, needs(window));
    const int64_t band_filters = filters_of(plan.band_planes);
    const int64_t units = window.batch * window.groups, steps = (filters_ + filter_step_ - 1) / filter_step_;
    // Each band reads the input again, which costs less than a thread that waits.
    const int64_t wanted = units >= 4 * pool.threads() ? 1 : (2 * pool.threads() + units - 1) / units;
    const int64_t splits = pool.threads() == 1 ? 1 : std::min(steps, wanted);
    pool.parallel_for(units * splits, [&](int64_t index, int worker) {
      const int64_t unit = index / splits, split = index % splits, group = unit % window.groups;
      const MergeBand band = {unit / window.groups, group, steps * split / splits * filter_step_,
                              std::min(filters_, steps * (split + 1) / splits * filter_step_)};
      const IntegerMergePrograms& programs = programs_[static_cast<size_t>(group)];
      const IntegerMergeWeights weights = {programs.calls(),
                                           chunks_.count,
                                           first_plane(group + 1) - first_plane(group),
                                           programs.less(),
                                           planes_.row_start().data(),
                                           coefficient_.data(),
                                           band_filters,
                                           {input_.zero_point, input_.is_signed}};
      const int64_t m = group * filters_;
      const IntegerFinish finish = {bias_.data() + m, multiplier_.data() + m, offset_.data() + m, output_, to_float_};
      kernel_.run(window, plan, band, finish, input, weights, output,
                  scratch + worker * align_up(plan.worker_bytes()));
    });
  }

 private:
  int32_t first_plane(int64_t group) const { return planes_.row_start()[static_cast<size_t>(group * filters_)]; }

  // Bands begin where blocks of code do: at filters whose planes do. Where filters have different numbers of planes,
  // there is one band.
  void choose_steps() {
    filter_step_ = filters_;
    const std::vector<int32_t>& start = planes_.row_start();
    const int64_t each = start[1];
    for (size_t m = 0; m < start.size(); ++m)
      if (start[m] != static_cast<int64_t>(m) * each) return;
    if (each > 0 && options_.plane_step % each == 0) filter_step_ = std::min(filters_, options_.plane_step / each);
  }

  int64_t filters_of(int64_t band_planes) const {
    return filter_step_ == filters_ ? filters_ : band_planes / options_.plane_step * filter_step_;
  }

  // As many planes in a band as leave their sums in the second-level cache.
  MergeNeeds needs(const Window& window) const {
    MergeNeeds needs = needs_;
    needs.band_planes = needs.planes;
    if (filter_step_ == filters_) return needs;
    const double positions = static_cast<double>(window.pixels()) / kLaneImages;
    const double bytes = positions * kPositionBytes * (chunks_.count > 1 ? 4 : 1.5);
    const int64_t room = static_cast<int64_t>(std::min<double>(kBandPlanes, kSumsBytes / bytes));
    needs.band_planes = std::min(needs.planes, std::max(options_.plane_step, room / options_.plane_step * options_.plane_step));
    return needs;
  }

  // Whether there are programs; they are made when they are first needed. A graph plans under its lock.
  bool make_programs() const {
    if (programs_.empty()) {
      for (int64_t group = 0; group < taps_.groups; ++group) {
        programs_.emplace_back(planes_, taps_, input_, chunks_, first_plane(group), first_plane(group + 1), options_);
        if (!programs_.back().complete()) return false;
        needs_.temporaries = std::max(needs_.temporaries, static_cast<int64_t>(programs_.back().temporaries_bytes()));
        give_middle_back(group);
      }
    }
    return programs_.back().complete();
  }

  // Sums have begun with what is in the middle of their range taken off.
  void give_middle_back(int64_t group) const {
    const std::vector<int32_t>& start = planes_.row_start();
    for (int64_t m = group * filters_; m < (group + 1) * filters_; ++m) {
      auto bias = static_cast<uint32_t>(bias_[static_cast<size_t>(m)]);
      for (int32_t plane = start[static_cast<size_t>(m)]; plane < start[static_cast<size_t>(m + 1)]; ++plane)
        bias += static_cast<uint32_t>(coefficient_[static_cast<size_t>(plane)]) *
                static_cast<uint32_t>(programs_.back().middle()[static_cast<size_t>(plane - first_plane(group))]);
      bias_[static_cast<size_t>(m)] = static_cast<int32_t>(bias);
    }
  }

  const IntegerMergeKernel& kernel_;
  const Taps taps_;
  const int64_t filters_;  // of a group
  mutable std::vector<int32_t> bias_;
  std::vector<float> multiplier_, offset_;
  Codes input_, output_;
  bool to_float_;
  SignPlanes planes_;
  std::vector<int32_t> coefficient_;
  MergeCodeOptions options_;
  MergeChunks chunks_;
  int64_t filter_step_ = 0;
  mutable MergeNeeds needs_ = {};
  mutable std::vector<IntegerMergePrograms> programs_;  // of each group
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
