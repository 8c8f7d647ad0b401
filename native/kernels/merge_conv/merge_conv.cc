#include "kernels/merge_conv/merge_conv.h"

#include <algorithm>
#include <limits>

#include "core/aligned.h"
#include "kernels/conv/method.h"
#include "kernels/merge/code.h"
#include "kernels/merge_conv/sign_planes.h"
#include "kernels/select.h"

namespace plumline {
namespace {

#if PLUMLINE_X86
#define PLUMLINE_KERNEL(space, isa) {isa, &space::merge_conv_kernel},
constexpr Implementation<MergeConvKernel> kKernels[] = {
#include "kernels/merge_conv/kernels.inc"
};
#undef PLUMLINE_KERNEL
#endif

constexpr int64_t kChunkChannels = 128;

// Code of many planes and channels comes from far away for every position. So it is used for many, as long as their
// sums stay in the second-level cache.
constexpr int64_t kSumsBytes = 640 * 1024;

constexpr int64_t kMostPlanes = 64;  // of a band, for the same reason

constexpr AdderNeeds kNoNeeds = {0, 1, 0, true, true, 0, 0};

void run_code(const void* code, const std::byte* channels, std::byte* temporaries, std::byte* const* sums,
              int64_t first, int64_t end) {
  static_cast<const MergeCode*>(code)->run(channels, temporaries, sums, first, end);
}

// The programs of one group for one kernel stride, made when they are first asked for.
class Programs {
 public:
  Programs(const Taps& taps, const Window& window, const int8_t* signs, int64_t planes,
           const MergeCodeOptions& options) {
    chunks_ = (taps.channels + kChunkChannels - 1) / kChunkChannels;
    const SubImageConvPlan plan(window, planes, kNoNeeds);
    for (int64_t row = 0; row < window.stride_height; ++row)
      for (int64_t column = 0; column < window.stride_width; ++column) {
        const std::vector<int64_t> read = taps_of(plan, window, row, column);
        for (int64_t chunk = 0; chunk < chunks_; ++chunk) add(taps, signs, planes, read, chunk, options);
      }
  }

  bool complete() const { return complete_; }
  MergeCalls calls() const { return {calls_.data()}; }
  const std::vector<std::shared_ptr<const MergeCode>>& codes() const { return codes_; }

 private:
  // The taps that read a position of the input, in the order in which targets come.
  static std::vector<int64_t> taps_of(const SubImageConvPlan& plan, const Window& window, int64_t row, int64_t column) {
    const auto reads = [](const AxisPlan& axis, int64_t at, int64_t tap) {
      return (at + axis.shift - tap * axis.dilation) % axis.stride == 0;
    };
    std::vector<int64_t> read;
    for (int64_t i = 0; i < window.kernel_height; ++i)
      for (int64_t j = 0; j < window.kernel_width; ++j)
        if (reads(plan.rows, row, i) && reads(plan.columns, column, j)) read.push_back(i * window.kernel_width + j);
    return read;
  }

  void add(const Taps& taps, const int8_t* signs, int64_t planes, const std::vector<int64_t>& read, int64_t chunk,
           const MergeCodeOptions& options) {
    const int64_t first = chunk * kChunkChannels;
    const int64_t channels = std::min(kChunkChannels, taps.channels - first);
    std::vector<int8_t> matrix;
    for (int64_t plane = 0; plane < planes; ++plane)
      for (const int64_t tap : read)
        for (int64_t c = first; c < first + channels; ++c)
          matrix.push_back(signs[(plane * taps.channels + c) * taps.taps + tap]);
    const SignMatrix view{planes, static_cast<int64_t>(read.size()), channels, matrix.data()};
    std::shared_ptr<const MergeCode> code;
    if (!read.empty()) code = MergeCode::of(view, options);
    complete_ = complete_ && (code || read.empty());
    codes_.push_back(code);
    calls_.push_back({first, code.get(), run_code});
  }

  int64_t chunks_;
  bool complete_ = true;
  std::vector<std::shared_ptr<const MergeCode>> codes_;
  std::vector<MergeCall> calls_;
};

class MergeConv : public ConvMethod {
 public:
  MergeConv(const MergeConvKernel& kernel, const Weights& weights, const Taps& taps, Isa isa)
      : kernel_(kernel), taps_(taps), planes_(sign_planes(weights)) {
    options_.vector_bytes = isa == Isa::kAvx512 ? 64 : 32;
    const int64_t filters = weights.filters / taps.groups;
    for (int64_t group = 0; group < taps.groups; ++group)
      most_planes_ = std::max<int64_t>(most_planes_, planes_of(group, filters));
    filter_step_ = find_filter_step(filters);
    most_filters_ = filter_step_ == filters ? filters : kMostPlanes / options_.plane_step * filter_step_;
    band_planes_ = most_planes_;
    if (most_filters_ < filters) band_planes_ = kMostPlanes;
  }

  std::string name() const override { return std::string("merge/") + kernel_.isa; }

  double cost(const Window& window) const override {
    constexpr double kNever = std::numeric_limits<double>::infinity();
    if (taps_.taps > kMaxMergeTaps || !can_exchange(window) || !can_plan(window, band_planes_, kNoNeeds))
      return kNever;
    if (!make_programs(window)) return kNever;
    const AdderNeeds needs = needs_of(window);
    return Bands(window, SubImageConvPlan(window, band_planes_, needs), most_planes_, filter_step_, most_filters_, 1).cost();
  }

  bool takes_sub_images(const Window& window) const override { return can_take_sub_images(window); }
  bool makes_sub_images(const Window&) const override { return true; }

  size_t scratch_bytes(const Window& window, int threads) const override {
    make_programs(window);
    return threads * SubImageConvPlan(window, band_planes_, needs_of(window)).worker_bytes();
  }

  void run(const Window& window, const float* input, const Finish& finish, std::byte* scratch,
           ThreadPool& pool) const override {
    const SubImageConvPlan plan(window, band_planes_, needs_of(window));
    const Bands bands(window, plan, most_planes_, filter_step_, most_filters_, pool.threads());
    const PlaneSums sums = {planes_.row_start.data(), planes_.coefficient.data(), nullptr};
    pool.parallel_for(bands.size(), [&](int64_t index, int worker) {
      const Band band = bands[index];
      kernel_.run(window, plan, band, finish, input, programs_[static_cast<size_t>(band.group)].calls(), sums,
                  reinterpret_cast<float*>(scratch + worker * plan.worker_bytes()));
    });
  }

 private:
  int64_t planes_of(int64_t group, int64_t filters) const {
    return planes_.row_start[(group + 1) * filters] - planes_.row_start[group * filters];
  }

  // Bands begin where blocks of code do.
  int64_t find_filter_step(int64_t filters) const {
    const int64_t all = static_cast<int64_t>(planes_.coefficient.size());
    const int64_t each = all / static_cast<int64_t>(planes_.row_start.size() - 1);
    for (size_t m = 0; m < planes_.row_start.size(); ++m)
      if (each == 0 || planes_.row_start[m] != static_cast<int64_t>(m) * each) return filters;
    return options_.plane_step % each == 0 ? options_.plane_step / each : filters;
  }

  // All that it makes depends on the weights and the strides, which no window changes.
  bool make_programs(const Window& window) const {
    if (programs_.empty()) {
      const int64_t columns = taps_.channels * taps_.taps;
      for (int64_t group = 0; group < taps_.groups; ++group) {
        const int64_t first = planes_.row_start[group * window.filters];
        programs_.emplace_back(taps_, window, planes_.signs.data() + first * columns, planes_of(group, window.filters),
                               options_);
      }
    }
    for (const Programs& programs : programs_)
      if (!programs.complete()) return false;
    return true;
  }

  AdderNeeds needs_of(const Window&) const {
    size_t temporaries = 0;
    double loads = 0;
    for (const auto& code : programs_[0].codes()) {
      if (!code) continue;
      temporaries = std::max(temporaries, code->temporaries_bytes());
      loads += static_cast<double>(code->work().loads + code->work().stores);
    }
    const int64_t passes = (taps_.channels + kChunkChannels - 1) / kChunkChannels;
    const double plane_taps = static_cast<double>(most_planes_ * taps_.taps);
    return {static_cast<int64_t>(align_up(temporaries) / sizeof(float)), passes, passes > 1 ? kSumsBytes : 0,
            true, true, 0, loads / plane_taps};
  }

  const MergeConvKernel& kernel_;
  const Taps taps_;
  const SignPlanes planes_;
  MergeCodeOptions options_;
  int64_t most_planes_ = 0;  // of a group
  int64_t filter_step_ = 1, most_filters_ = 1;  // of a band
  int64_t band_planes_ = 0;
  mutable std::vector<Programs> programs_;  // of each group; a graph plans under its lock
};

}  // namespace

std::unique_ptr<ConvMethod> make_merge(const Weights& weights, const Taps& taps, Isa isa) {
#if PLUMLINE_X86
  if (isa >= Isa::kAvx2) return std::make_unique<MergeConv>(select_kernels(kKernels, isa), weights, taps, isa);
#endif
  return nullptr;
}

}  // namespace plumline
