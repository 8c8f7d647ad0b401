#include "kernels/integer_tiles/integer_tiles.h"

#include <algorithm>

#include "core/aligned.h"
#include "core/error.h"
#include "core/tile_config.h"
#include "kernels/integer/method.h"
#include "kernels/select.h"

namespace plumline {
namespace {

#define PLUMLINE_KERNEL(space, isa) {isa, &space::integer_tiles_kernel},
constexpr Implementation<IntegerTilesKernel> kKernels[] = {
#include "kernels/int8_tiles/kernels.inc"
};
#undef PLUMLINE_KERNEL

// Fewer channels of a group leave most of a step empty; this also bounds what weights grow to.
constexpr int64_t kFewestChannels = 16;
constexpr int64_t kFiltersStep = kInt8Block;
constexpr int64_t kQuadBytes = 4;
constexpr double kMaxQuads = 1e12;  // far beyond any memory, far below what an int64_t counts

// Estimated from instruction counts, as no measurement of these tiles is at hand, in cycles of a Sapphire Rapids core;
// kUnitsPerCycle is that of kernels/limbs.
constexpr double kUnitsPerCycle = 29.7 / 16;
constexpr double kProduct = 20;         // of two tiles; at best 16
constexpr double kProductLatency = 52;  // until the next one may add to the same sums
constexpr double kReadRow = 2;          // 64 weights
constexpr double kFinishVector = 12;
constexpr double kPackQuad = 1;
constexpr double kBytesBeyondL2 = 10;  // a cycle
constexpr double kL2Bytes = 1 << 20;   // that weights may fill

LanePlanes quad_planes(const Window& window) {
  LanePlanes planes = lane_planes(window, kQuadChannels);
  planes.blocks = (planes.blocks + kStepQuads - 1) / kStepQuads * kStepQuads;
  return planes;
}

double number(int64_t n) { return static_cast<double>(n); }

class IntegerTiles : public IntegerMethod {
 public:
  IntegerTiles(const IntegerLayer& layer, int64_t groups, int64_t channels, const Int8TilesKernel& products, Isa isa)
      : kernel_(select_kernels(kKernels, isa)),
        products_(products),
        emulated_(is_emulated(isa)),
        bias_(layer.bias),
        multiplier_(layer.multiplier),
        offset_(layer.offset),
        input_(layer.input),
        output_(layer.output),
        to_float_(layer.to_float) {
    pack_weights(layer, groups, channels);
    // The zero point comes off the sums; wraps around, as they do: together they are exact.
    for (int64_t m = 0; m < layer.filters; ++m) {
      uint32_t sum = 0;
      for (int64_t k = 0; k < layer.columns; ++k)
        sum += static_cast<uint32_t>(static_cast<int32_t>(layer.matrix[m * layer.columns + k]));
      bias_[m] = static_cast<int32_t>(static_cast<uint32_t>(bias_[m]) - static_cast<uint32_t>(input_.zero_point) * sum);
    }
  }

  std::string name() const override {
    return std::string("integer_tiles/") + kernel_.isa + (emulated_ ? "_emulated_amx" : "");
  }

  double cost(const Window& window) const override {
    if (emulated_) return 0;  // tests, which ask for it, want to see it run
    const LanePlanes planes = quad_planes(window);
    const Int8Weights weights = weights_[0].view();
    const double steps = number(weights.steps), rows = number((weights.rows + kTileRows - 1) / kTileRows * kTileRows);
    const double vectors = number((planes.places + kPlaceUnit - 1) / kPlaceUnit);
    const double tiles = number((planes.places + kTilePlaces - 1) / kTilePlaces);
    const double side_by_side = (weights.rows > kTileRows ? 2 : 1) * (planes.places > kPlaceUnit ? 2 : 1);
    double cycles = rows / kTileRows * steps * vectors * std::max(kProduct, kProductLatency / side_by_side);
    const double bytes = rows * steps * static_cast<double>(weights.signs ? sizeof(Int8Signs) : kInt8Step);
    if (bytes > kL2Bytes) cycles = std::max(cycles, tiles * bytes / kBytesBeyondL2);  // reads ahead of the products
    if (weights.signs) cycles += rows * steps * tiles * kReadRow;
    cycles += number(window.filters) * vectors * kFinishVector;
    cycles += number(window.channels) / kQuadChannels * number(planes.phases) * number(planes.plane()) * kPackQuad;
    return number(window.batch * window.groups) * cycles * kUnitsPerCycle;
  }

  size_t scratch_bytes(const Window& window, int threads) const override {
    const LanePlanes planes = quad_planes(window);
    const double size = number(planes.rows) * number(planes.pitch) * number(planes.phases) * number(planes.blocks) *
                        number(window.batch * window.groups);
    if (size > kMaxQuads) throw Error("its padded input is too large");
    return planes_bytes(window, planes) + static_cast<size_t>(threads) * worker_bytes(window);
  }

  void run(const Window& window, const uint8_t* input, void* output, std::byte* scratch,
           ThreadPool& pool) const override {
    const LanePlanes planes = quad_planes(window);
    const int64_t units = window.batch * window.groups;
    const int64_t image = window.channels * window.height * window.width;  // of a group
    const int64_t blocks = (window.channels + kQuadChannels - 1) / kQuadChannels;
    auto* quads = reinterpret_cast<uint32_t*>(scratch);
    pool.parallel_for(units * blocks, [&](int64_t index, int) {
      const int64_t unit = index / blocks;
      kernel_.pack(window, planes, input_, input + unit * image, index % blocks, quads + unit * planes.group());
    });
    const int64_t tiles = (planes.places + kTilePlaces - 1) / kTilePlaces;
    const int64_t steps = (window.filters + kFiltersStep - 1) / kFiltersStep;
    const int64_t wanted = pool.threads() == 1 ? 1 : (4 * pool.threads() + units * tiles - 1) / (units * tiles);
    const int64_t splits = std::min(wanted, steps);
    std::byte* workers = scratch + planes_bytes(window, planes);
    pool.parallel_for(units * tiles * splits, [&](int64_t index, int worker) {
      const int64_t at = index % tiles, split = index / tiles % splits, unit = index / tiles / splits;
      const int64_t group = unit % window.groups, first = at * kTilePlaces;
      const int64_t vectors = (std::min(kTilePlaces, planes.places - first) + kPlaceUnit - 1) / kPlaceUnit;
      const PlaceTile tile = {unit / window.groups,
                              group,
                              steps * split / splits * kFiltersStep,
                              std::min(steps * (split + 1) / splits * kFiltersStep, window.filters),
                              first,
                              static_cast<int>(vectors)};
      const int64_t m = group * window.filters;
      const IntegerFinish finish = {bias_.data() + m, multiplier_.data() + m, offset_.data() + m, output_, to_float_};
      std::byte* memory = workers + static_cast<size_t>(worker) * worker_bytes(window);
      const Int8Weights weights = weights_[static_cast<size_t>(group)].view();
      kernel_.run({window, planes, tile, finish, weights, quads + unit * planes.group(), input_.is_signed,
                   reinterpret_cast<const uint32_t**>(memory),
                   reinterpret_cast<int32_t*>(memory + steps_bytes()),
                   reinterpret_cast<int8_t*>(memory + steps_bytes() + sums_bytes(window))},
                  products_, output);
    });
  }

 private:
  // The last vectors read beyond the last place, by less than a vector of places.
  static size_t planes_bytes(const Window& window, const LanePlanes& planes) {
    return align_up(static_cast<size_t>((window.batch * window.groups * planes.group() + kPlaceUnit) * kQuadBytes));
  }
  size_t steps_bytes() const { return align_up(static_cast<size_t>(weights_[0].view().steps) * sizeof(uint32_t*)); }
  static size_t sums_bytes(const Window& window) {
    const int64_t rows = (window.filters + kTileRows - 1) / kTileRows * kTileRows;
    return align_up(static_cast<size_t>(rows * kTilePlaces) * sizeof(int32_t));
  }
  size_t worker_bytes(const Window& window) const {
    return steps_bytes() + sums_bytes(window) + align_up(kInt8Scratch);
  }

  // Of each group: by filter, tap, channel, with zeros up to whole steps.
  void pack_weights(const IntegerLayer& layer, int64_t groups, int64_t channels) {
    const int64_t filters = layer.filters / groups, taps = layer.columns / channels;
    const int64_t width = (channels + kInt8Step - 1) / kInt8Step * kInt8Step;
    std::vector<int8_t> rows(static_cast<size_t>(filters * taps * width), 0);
    for (int64_t group = 0; group < groups; ++group) {
      for (int64_t filter = 0; filter < filters; ++filter) {
        const int8_t* from = layer.matrix.data() + (group * filters + filter) * layer.columns;
        int8_t* to = rows.data() + filter * taps * width;
        for (int64_t c = 0; c < channels; ++c)
          for (int64_t tap = 0; tap < taps; ++tap) to[tap * width + c] = from[c * taps + tap];
      }
      weights_.emplace_back(rows.data(), filters, taps * width);
    }
  }

  const IntegerTilesKernel& kernel_;
  const Int8TilesKernel& products_;
  bool emulated_;
  std::vector<int32_t> bias_;
  std::vector<float> multiplier_, offset_;
  Codes input_, output_;
  bool to_float_;
  std::vector<Int8TileWeights> weights_;  // of each group
};

}  // namespace

std::unique_ptr<IntegerMethod> make_integer_tiles(const IntegerLayer& layer, int64_t groups, int64_t channels, Isa isa) {
  const Int8TilesKernel* products = channels < kFewestChannels ? nullptr : int8_tiles(isa);
  return products ? std::make_unique<IntegerTiles>(layer, groups, channels, *products, isa) : nullptr;
}

}  // namespace plumline
