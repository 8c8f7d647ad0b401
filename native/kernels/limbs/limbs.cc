#include "kernels/limbs/limbs.h"

#include <algorithm>
#include <cmath>

#include "kernels/conv/method.h"
#include "kernels/conv/tiles.h"
#include "kernels/limbs/sign_rows.h"
#include "kernels/limbs/weight_limbs.h"
#include "kernels/select.h"
#include "kernels/tile_check/tile_check.h"

namespace plumline {
namespace {

#define PLUMLINE_KERNEL(space, isa) {isa, &space::limbs_kernel},
constexpr Implementation<LimbsKernel> kKernels[] = {
#include "kernels/limbs/kernels.inc"
};
#undef PLUMLINE_KERNEL

// The cost in cycles of a Sapphire Rapids core. Measured there: 410 multiply-adds of bf16 a cycle, 29.7 of float32 by
// AVX-512, of which the dense kernel's 16 are the unit of ConvMethod::cost. The others are instruction counts.
constexpr double kUnitsPerCycle = 29.7 / 16;
constexpr double kProduct = 16 * 16 * 32 / 410.0;  // of two tiles
constexpr double kProductLatency = 52;             // until the next one may add to the same sums
constexpr double kExpandRow = 2;                   // 32 signs
constexpr double kPackPair = 1.2;                  // 16 pixels of a limb
constexpr double kSplitNumber = 0.4;
constexpr double kFinishRow = 2;                   // 16 pixels
constexpr double kBytesBeyondL2 = 10;              // a cycle
constexpr double kL2Bytes = 1 << 20;               // that weights may fill

// The same with pairs of channels as channels.
Window in_pairs(Window window) {
  window.channels = (window.channels + 1) / 2;
  return window;
}

class Limbs : public ConvMethod {
 public:
  Limbs(Isa isa, std::unique_ptr<SignRows> signs)
      : kernel_(select_kernels(kKernels, isa)),
        emulated_(is_emulated(isa)),
        signs_(std::move(signs)),
        weights_(signs_->view()),
        most_rows_(signs_->most_rows()) {}
  Limbs(Isa isa, std::unique_ptr<WeightLimbs> limbs, int64_t group_filters)
      : kernel_(select_kernels(kKernels, isa)),
        emulated_(is_emulated(isa)),
        limbs_(std::move(limbs)),
        weights_(limbs_->view()),
        most_rows_(group_filters) {}

  std::string name() const override { return std::string("limbs/") + kernel_.isa + (emulated_ ? "_emulated_amx" : ""); }

  double cost(const Window& window) const override {
    if (emulated_) return 0;  // tests, which ask for it, want to see it run
    const Window pairs = in_pairs(window);
    const double vectors = vectors_of(window);  // of all groups
    const double tiles = std::ceil(vectors / static_cast<double>(window.groups * kPixelTiles)) *
                         static_cast<double>(window.groups);
    const double rows = static_cast<double>((most_rows_ + kTileFilters - 1) / kTileFilters * kTileFilters);
    const double steps = static_cast<double>((pairs.columns() + kStepPairs - 1) / kStepPairs);
    const double products = weights_.limb_count * (7 - weights_.limb_count) / 2;  // 3, 5 or 6
    const double high = most_rows_ > kTileFilters ? 2 : 1;
    const double wide = window.batch * window.pixels() > kTilePixels ? 2 : 1;

    const double product = std::max(kProduct, kProductLatency / (high * wide));
    const int64_t step_bytes = weights_.limbs ? 2 * kStepColumns * weights_.limb_count : int64_t{sizeof(Signs)};
    const double bytes = rows * steps * static_cast<double>(step_bytes);
    double cycles = rows / kTileFilters * steps * vectors * products * product;
    if (bytes > kL2Bytes) cycles = std::max(cycles, tiles * bytes / kBytesBeyondL2);  // reads ahead of the products
    if (!weights_.limbs) cycles += rows * steps * tiles * kExpandRow;
    cycles += vectors * static_cast<double>(pairs.columns() * kLimbs) * kPackPair;
    cycles += static_cast<double>(window.batch * window.image_stride()) * kSplitNumber;
    cycles += vectors * rows * kFinishRow;
    return phases_cost(window) + kUnitsPerCycle * cycles;
  }

  size_t scratch_bytes(const Window& window, int threads) const override {
    return phases_bytes(window) + kLimbs * limb_bytes(window) + threads * worker_bytes();
  }

  void run(const Window& window, const float* input, const Finish& finish, std::byte* scratch,
           ThreadPool& pool) const override {
    const float* source = sort_phases(window, input, scratch, pool);
    scratch += phases_bytes(window);
    float* images = reinterpret_cast<float*>(scratch);
    const int64_t limb_stride = static_cast<int64_t>(limb_bytes(window) / sizeof(float));
    split(window, source, images, limb_stride, pool);
    scratch += kLimbs * limb_bytes(window);
    const Window pairs = in_pairs(window);
    const Tiling tiling(pairs, kTilePixels, kPixelTiles, kTileFilters, pool.threads());
    pool.parallel_for(tiling.size(), [&](int64_t index, int worker) {
      kernel_.run(pairs, tiling[index], finish, images, limb_stride, weights_,
                  reinterpret_cast<float*>(scratch + worker * worker_bytes()));
    });
  }

 private:
  static size_t limb_bytes(const Window& window) {
    return align_up(window.batch * in_pairs(window).image_stride() * sizeof(float));
  }

  void split(const Window& window, const float* source, float* images, int64_t limb_stride, ThreadPool& pool) const {
    const int64_t pairs = in_pairs(window).channels;
    const int64_t stride = window.channel_stride();
    pool.parallel_for(window.batch * window.groups * pairs, [&](int64_t index, int) {
      const int64_t channel = index % pairs * 2;
      const float* even = source + (index / pairs * window.channels + channel) * stride;
      float* first = images + index * stride;
      float* const limbs[kLimbs] = {first, first + limb_stride, first + 2 * limb_stride};
      kernel_.split(even, channel + 1 < window.channels ? even + stride : nullptr, stride, limbs);
    });
  }

  // A panel of each limb, a block of weights, the sums, and one vector more, as the last sums are read at any lane.
  size_t worker_bytes() const {
    const int64_t pixels = kPixelTiles * kTilePixels;
    const int64_t rows = (most_rows_ + kTileFilters - 1) / kTileFilters * kTileFilters;
    const int64_t weights = kBlockTiles * kTileFilters * kChunkColumns / 2;
    return align_up((kLimbs * kChunkPairs * pixels + weights + rows * pixels + kTilePixels) * sizeof(float));
  }

  const LimbsKernel& kernel_;
  bool emulated_;
  std::unique_ptr<SignRows> signs_;  // one of these two
  std::unique_ptr<WeightLimbs> limbs_;
  LimbWeights weights_;
  int64_t most_rows_;  // of a group
};

}  // namespace

std::unique_ptr<ConvMethod> make_limbs(const Weights& weights, const Taps& taps, Isa isa) {
  if (!tiles_usable(isa)) return nullptr;
  if (weights.form == WeightForm::kSparse && weights.density() < 0.25) return nullptr;  // far fewer products are left
  const int64_t pairs = (taps.channels + 1) / 2;
  if (weights.form == WeightForm::kPlanes) {
    auto signs = std::make_unique<SignRows>(weights, taps, pairs);
    // A row of signs takes three products, a filter of limbs at most six.
    if (signs->rows() <= 2 * weights.filters) return std::make_unique<Limbs>(isa, std::move(signs));
  }
  auto limbs = std::make_unique<WeightLimbs>(weights.expanded(), weights.filters, taps, pairs);
  if (!limbs->exist()) return nullptr;
  return std::make_unique<Limbs>(isa, std::move(limbs), weights.filters / taps.groups);
}

}  // namespace plumline
