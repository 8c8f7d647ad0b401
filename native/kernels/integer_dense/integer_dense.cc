#include "kernels/integer_dense/integer_dense.h"

#include <algorithm>
#include <cstring>

#include "core/aligned.h"
#include "core/error.h"
#include "kernels/integer/method.h"
#include "kernels/select.h"

namespace plumline {

namespace {

#define PLUMLINE_KERNEL(space, isa) {isa, &space::integer_dense_kernel},
constexpr Implementation<IntegerDenseKernel> kKernels[] = {
#include "kernels/integer/kernels.inc"
};
#undef PLUMLINE_KERNEL

constexpr int64_t kLaneBytes = 4;
constexpr double kMaxLanes = 1e12;  // far beyond any memory, far below what an int64_t counts
constexpr double kFinishCycles = 12;  // for a vector of sums: measured
constexpr int64_t kMinFiltersPerJob = 32;

class IntegerDense : public IntegerMethod {
 public:
  IntegerDense(const IntegerLayer& layer, int64_t groups, int64_t channels, Isa isa)
      : kernel_(select_kernels(kKernels, isa)),
        bias_(layer.bias),
        multiplier_(layer.multiplier),
        offset_(layer.offset),
        input_(layer.input),
        output_(layer.output),
        to_float_(layer.to_float) {
    pack_weights(layer, groups, channels);
    // Wraps around, as the sums do that it belongs to: together they are exact.
    const auto zero = static_cast<uint32_t>(kernel_.zero(layer.input));
    for (int64_t m = 0; m < layer.filters; ++m) {
      uint32_t sum = 0;
      for (int64_t k = 0; k < layer.columns; ++k)
        sum += static_cast<uint32_t>(static_cast<int32_t>(layer.matrix[m * layer.columns + k]));
      bias_[m] = static_cast<int32_t>(static_cast<uint32_t>(bias_[m]) - zero * sum);
    }
  }

  std::string name() const override { return std::string("integer_dense/") + kernel_.isa; }

  // Measured.
  double cost(const Window& window) const override {
    const LanePlanes planes = lane_planes(window, kernel_.depth);
    const double lanes = static_cast<double>(planes.blocks * window.taps()) * static_cast<double>(window.filters);
    const double vectors = static_cast<double>((planes.places + kernel_.lanes - 1) / kernel_.lanes);
    const double packed = static_cast<double>(planes.blocks) * static_cast<double>(planes.plane());
    return static_cast<double>(window.batch * window.groups) * (vectors * (lanes * kernel_.cycles + static_cast<double>(window.filters) * kFinishCycles) + packed);
  }

  size_t scratch_bytes(const Window& window, int) const override {
    const LanePlanes planes = lane_planes(window, kernel_.depth);
    const double size = static_cast<double>(planes.rows) * static_cast<double>(planes.pitch) *
                        static_cast<double>(planes.phases) * static_cast<double>(planes.blocks) *
                        static_cast<double>(window.batch * window.groups);
    if (size > kMaxLanes) throw Error("its padded input is too large");
    // The last vectors read beyond the last place.
    const int64_t lanes = window.batch * window.groups * planes.group() + kernel_.vectors * kernel_.lanes;
    return align_up(static_cast<size_t>(lanes * kLaneBytes));
  }

  void run(const Window& window, const uint8_t* input, void* output, std::byte* scratch,
           ThreadPool& pool) const override {
    const LanePlanes planes = lane_planes(window, kernel_.depth);
    const int64_t units = window.batch * window.groups;
    const int64_t image = window.channels * window.height * window.width;  // of a group
    const auto planes_of = [&](int64_t unit) { return scratch + unit * planes.group() * kLaneBytes; };
    pool.parallel_for(units * planes.blocks, [&](int64_t index, int) {
      const int64_t unit = index / planes.blocks;
      kernel_.pack(window, planes, input_, input + unit * image, index % planes.blocks, planes_of(unit));
    });

    const int64_t vectors = (planes.places + kernel_.lanes - 1) / kernel_.lanes;
    const int64_t tiles = (vectors + kernel_.vectors - 1) / kernel_.vectors;
    const int64_t steps = (window.filters + kernel_.filters - 1) / kernel_.filters;
    const int64_t splits = count_splits(window, units * tiles, steps, pool.threads());
    pool.parallel_for(units * tiles * splits, [&](int64_t index, int) {
      const int64_t at = index % tiles, split = index / tiles % splits, unit = index / tiles / splits;
      const int64_t first = vectors * at / tiles, end = vectors * (at + 1) / tiles;
      const int64_t group = unit % window.groups;
      const PlaceTile tile = {unit / window.groups,
                              group,
                              steps * split / splits * kernel_.filters,
                              std::min(steps * (split + 1) / splits * kernel_.filters, window.filters),
                              first * kernel_.lanes,
                              static_cast<int>(end - first)};
      const int64_t m = group * window.filters;
      const IntegerFinish finish = {bias_.data() + m, multiplier_.data() + m, offset_.data() + m, output_, to_float_};
      kernel_.run(window, planes, tile, finish, planes_of(unit),
                  weights_.data() + m * window.taps() * planes.blocks * kLaneBytes, output);
    });
  }

 private:
  static int64_t count_splits(const Window& window, int64_t jobs, int64_t steps, int threads) {
    const int64_t wanted = threads == 1 ? 1 : (4 * threads + jobs - 1) / jobs;
    return std::clamp<int64_t>(std::min(wanted, window.filters / kMinFiltersPerJob), 1, steps);
  }

  // By group, block of filters, tap, lane of channels, filter: kLaneBytes each.
  void pack_weights(const IntegerLayer& layer, int64_t groups, int64_t channels) {
    const int64_t filters = layer.filters / groups, taps = layer.columns / channels;
    const int64_t depth = kernel_.depth, blocks = (channels + depth - 1) / depth;
    weights_.assign(static_cast<size_t>(layer.filters * taps * blocks * kLaneBytes), std::byte{0});
    std::byte* to = weights_.data();
    for (int64_t group = 0; group < groups; ++group) {
      int64_t size = kernel_.filters;
      for (int64_t filter = 0; filter < filters; filter += size) {
        while (size > filters - filter) size /= 2;
        for (int64_t tap = 0; tap < taps; ++tap)
          for (int64_t c = 0; c < blocks * depth; c += depth)
            for (int64_t f = 0; f < size; ++f, to += kLaneBytes) {
              const int8_t* row = layer.matrix.data() + (group * filters + filter + f) * layer.columns;
              for (int64_t i = 0; i < depth && c + i < channels; ++i) store(row[(c + i) * taps + tap], i, to);
            }
      }
    }
  }

  void store(int8_t weight, int64_t i, std::byte* lane) const {
    if (kernel_.depth == kLaneBytes) {
      std::memcpy(lane + i, &weight, 1);
    } else {
      const int16_t wide = weight;
      std::memcpy(lane + 2 * i, &wide, 2);
    }
  }

  const IntegerDenseKernel& kernel_;
  std::vector<int32_t> bias_;
  std::vector<float> multiplier_, offset_;
  Codes input_, output_;
  bool to_float_;
  std::vector<std::byte> weights_;
};

}  // namespace

std::unique_ptr<IntegerMethod> make_integer_dense(const IntegerLayer& layer, int64_t groups, int64_t channels, Isa isa) {
  return std::make_unique<IntegerDense>(layer, groups, channels, isa);
}

}  // namespace plumline
