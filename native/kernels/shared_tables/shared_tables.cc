#include "kernels/shared_tables/shared_tables.h"

#include <algorithm>
#include <limits>

#include "kernels/conv/method.h"
#include "kernels/select.h"
#include "kernels/weights/plane_words.h"

namespace plumline {
namespace {

#define PLUMLINE_KERNEL(space, isa) {isa, &space::shared_tables_kernel},
constexpr Implementation<SharedTablesKernel> kKernels[] = {
#include "kernels/shared_tables/kernels.inc"
};
#undef PLUMLINE_KERNEL

class SharedTables : public ConvMethod {
 public:
  SharedTables(const Weights& weights, const Taps& taps, Isa isa)
      : kernel_(select_kernels(kKernels, isa)),
        weights_(weights),
        taps_(taps) {
    for (int64_t group = 0; group < taps.groups; ++group)
      planes_ = std::max(planes_, first_plane(group + 1) - first_plane(group));
  }

  void prepare(const Window&) override {
    if (!words_.empty()) return;
    const int64_t chunks = (taps_.channels + kChunkChannels - 1) / kChunkChannels;
    const int64_t across = taps_.kernel_width, down = taps_.taps / across;
    words_ = plane_words(weights_, taps_.groups, taps_.taps, chunks * down, across, [&](int64_t channel, int64_t tap) {
      return WordPlace{channel / kChunkChannels * down + tap / across, tap % across, channel % kChunkChannels};
    });
  }

  std::string name() const override { return std::string("shared_tables/") + kernel_.isa; }

  double cost(const Window& window) const override {
    const AdderNeeds needs = SharedTablesPlan(window, planes_).needs(window);
    if (!can_plan(window, planes_, needs)) return std::numeric_limits<double>::infinity();
    return kernel_.slowness * Bands(window, SubImageConvPlan(window, planes_, needs), planes_, 1, window.filters, 1).cost();
  }

  bool takes_sub_images(const Window& window) const override { return can_take_sub_images(window); }
  bool makes_sub_images(const Window&) const override { return true; }

  size_t scratch_bytes(const Window& window, int threads) const override {
    const SharedTablesPlan tables(window, planes_);
    return threads * SubImageConvPlan(window, planes_, tables.needs(window)).worker_bytes();
  }

  void run(const Window& window, const float* input, const Finish& finish, std::byte* scratch,
           ThreadPool& pool) const override {
    const SharedTablesWeights weights = {
        words_.data(),
        {weights_.row_start.data(), weights_.coefficient, weights_.total_coefficient.empty() ? nullptr : weights_.total_coefficient.data()}};
    const SharedTablesPlan tables(window, planes_);
    const SubImageConvPlan plan(window, planes_, tables.needs(window));
    const Bands bands(window, plan, planes_, 1, window.filters, pool.threads());
    pool.parallel_for(bands.size(), [&](int64_t index, int worker) {
      kernel_.run(window, plan, tables, bands[index], finish, input, weights,
                  reinterpret_cast<float*>(scratch + worker * plan.worker_bytes()));
    });
  }

 private:
  int64_t first_plane(int64_t group) const { return weights_.row_start[group * (weights_.filters / taps_.groups)]; }

  const SharedTablesKernel& kernel_;
  const Weights weights_;
  const Taps taps_;
  std::vector<uint64_t> words_;
  int64_t planes_ = 0;  // most planes of a group
};

}  // namespace

std::unique_ptr<ConvMethod> make_shared_tables(const Weights& weights, const Taps& taps, Isa isa) {
  return std::make_unique<SharedTables>(weights, taps, isa);
}

}  // namespace plumline
