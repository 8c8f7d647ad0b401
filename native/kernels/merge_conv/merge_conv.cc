#include "kernels/merge_conv/merge_conv.h"

#include <algorithm>
#include <limits>
#include <map>
#include <utility>

#include "core/aligned.h"
#include "kernels/conv/method.h"
#include "kernels/merge_conv/programs.h"
#include "kernels/select.h"

namespace plumline {

#if PLUMLINE_X86

namespace {

#define PLUMLINE_KERNEL(space, isa) {isa, &space::merge_conv_kernel},
constexpr Implementation<MergeConvKernel> kKernels[] = {
#include "kernels/merge_conv/kernels.inc"
};
#undef PLUMLINE_KERNEL

// Code of many planes and channels is too much for the caches that it is run from. So a band has few planes, and their
// code of some channels goes over many positions before that of the next, as long as their sums stay in the
// second-level cache.
constexpr int64_t kBandPlanes = 128;
constexpr int64_t kSumsBytes = 640 * 1024;

// Two threads can divide more planes than that.
constexpr int64_t kLeastPlanes = 8;

// Code of so many weights takes megabytes, which memory shared with others may not hold from one run to the next. Where
// few positions share what it costs to bring it (measured), none is made.
constexpr int64_t kManyWeights = int64_t{3} << 19;
constexpr int64_t kFewestPositions = 8;

class MergeConv : public ConvMethod {
 public:
  MergeConv(const Weights& weights, const Taps& taps, Isa isa)
      : kernel_(select_kernels(kKernels, isa)),
        taps_(taps),
        filters_(weights.filters / taps.groups),
        planes_(weights) {
    options_.vector_bytes = isa >= Isa::kAvx512 ? 64 : 32;
    for (int64_t group = 0; group < taps.groups; ++group) most_planes_ = std::max(most_planes_, planes_of(group));
    while (options_.plane_step > kLeastPlanes && options_.plane_step >= most_planes_) options_.plane_step /= 2;
    cut_bands();
  }

  std::string name() const override { return std::string("merge/") + kernel_.isa; }

  double cost(const Window& window) const override {
    constexpr double kNever = std::numeric_limits<double>::infinity();
    if (taps_.taps > kMaxMergeTaps || !can_exchange(window) || !can_plan(window, band_planes_, kNoNeeds)) return kNever;
    const SubImages cut = cut_images(window.batch, window.out_height, window.out_width);
    const bool few = cut.blocks * cut.height * cut.width < kFewestPositions;
    if ((few && most_planes_ * window.columns() > kManyWeights) || !has_programs(window)) return kNever;
    const AdderNeeds needed = needs(window);
    if (!can_plan(window, band_planes_, needed)) return kNever;
    const SubImageConvPlan plan(window, band_planes_, needed);
    return Bands(window, plan, most_planes_, filter_step_, band_filters_, 1).cost();
  }

  bool takes_sub_images(const Window& window) const override { return can_take_sub_images(window); }
  bool makes_sub_images(const Window&) const override { return true; }

  size_t scratch_bytes(const Window& window, int threads) const override {
    return threads * SubImageConvPlan(window, band_planes_, needs(window)).worker_bytes();
  }

  void run(const Window& window, const float* input, const Finish& finish, std::byte* scratch,
           ThreadPool& pool) const override {
    const SubImageConvPlan plan(window, band_planes_, needs(window));
    const Bands bands(window, plan, most_planes_, filter_step_, band_filters_, pool.threads());
    const PlaneSums sums = {planes_.row_start().data(), planes_.coefficient().data(), nullptr};
    const std::vector<MergePrograms>& programs = programs_of(window);
    pool.parallel_for(bands.size(), [&](int64_t index, int worker) {
      const Band band = bands[index];
      kernel_.run(window, plan, band, finish, input, programs[static_cast<size_t>(band.group)].calls(), sums,
                  reinterpret_cast<float*>(scratch + worker * plan.worker_bytes()));
    });
  }

 private:
  static constexpr AdderNeeds kNoNeeds = {0, 1, 0, true, true, 0, 0};

  int64_t planes_of(int64_t group) const {
    const std::vector<int32_t>& start = planes_.row_start();
    return start[static_cast<size_t>((group + 1) * filters_)] - start[static_cast<size_t>(group * filters_)];
  }

  // Bands begin where blocks of code do: at filters whose planes do. Where filters have different numbers of planes,
  // there is one band.
  void cut_bands() {
    filter_step_ = band_filters_ = filters_;
    band_planes_ = most_planes_;
    const std::vector<int32_t>& start = planes_.row_start();
    const int64_t each = start[1];
    for (size_t m = 0; m < start.size(); ++m)
      if (start[m] != static_cast<int64_t>(m) * each) return;
    if (each == 0 || options_.plane_step % each != 0) return;
    filter_step_ = options_.plane_step / each;
    band_planes_ = std::min(most_planes_, kBandPlanes);
    band_filters_ = std::min(filters_, kBandPlanes / each);
  }

  bool has_programs(const Window& window) const {
    const std::vector<MergePrograms>& programs = programs_of(window);
    return std::all_of(programs.begin(), programs.end(), [](const MergePrograms& p) { return p.complete(); });
  }

  // The programs of each group, made by the first plan that asks; a graph plans under its lock. The windows of one layer
  // differ in their strides: one that an image is too small to take counts as 1.
  const std::vector<MergePrograms>& programs_of(const Window& window) const {
    const std::pair<int64_t, int64_t> strides(window.stride_height, window.stride_width);
    const auto found = programs_.find(strides);
    if (found != programs_.end()) return found->second;
    std::vector<MergePrograms> made;
    for (int64_t group = 0; group < taps_.groups; ++group) made.emplace_back(taps_, window, planes_, group, options_);
    return programs_.emplace(strides, std::move(made)).first->second;
  }

  AdderNeeds needs(const Window& window) const {
    const std::vector<MergePrograms>& programs = programs_of(window);
    size_t temporaries = 0;
    for (const MergePrograms& of_group : programs) temporaries = std::max(temporaries, of_group.temporaries_bytes());
    AdderNeeds needs = kNoNeeds;
    needs.scratch = static_cast<int64_t>(align_up(temporaries) / sizeof(float));
    needs.passes = merge_passes(taps_);
    needs.sums_bytes = needs.passes > 1 ? kSumsBytes : 0;
    const SubImageConvPlan plan(window, band_planes_, needs);
    const double cycles = programs[0].cost(plan.rows_together * plan.columns.in_size);
    needs.plane_cost = cycles / static_cast<double>(most_planes_ * taps_.taps);
    return needs;
  }

  const MergeConvKernel& kernel_;
  const Taps taps_;
  const int64_t filters_;  // of a group
  const SignPlanes planes_;
  MergeCodeOptions options_;
  int64_t most_planes_ = 0;  // of a group
  int64_t filter_step_ = 0, band_filters_ = 0, band_planes_ = 0;
  mutable std::map<std::pair<int64_t, int64_t>, std::vector<MergePrograms>> programs_;  // of strides, each group
};

}  // namespace

std::unique_ptr<ConvMethod> make_merge(const Weights& weights, const Taps& taps, Isa isa) {
  if (isa < Isa::kAvx2 || weights.planes() == 0) return nullptr;
  return std::make_unique<MergeConv>(weights, taps, isa);
}

#else

std::unique_ptr<ConvMethod> make_merge(const Weights&, const Taps&, Isa) { return nullptr; }

#endif

}  // namespace plumline
