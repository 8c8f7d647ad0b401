#include "kernels/integer_tables/integer_tables.h"

#include <algorithm>
#include <limits>

#include "core/aligned.h"
#include "kernels/conv/method.h"
#include "kernels/integer/method.h"
#include "kernels/select.h"

namespace plumline {
namespace {

#define PLUMLINE_KERNEL(space, isa) {isa, &space::integer_tables_kernel},
constexpr Implementation<IntegerTablesKernel> kKernels[] = {
#include "kernels/integer_tables/kernels.inc"
};
#undef PLUMLINE_KERNEL

// A worker that needs more than this leaves every cache; it also bounds what a hostile file may ask for.
constexpr double kMaxWorkerBytes = 1 << 25;

// Whether every size of a plan is far below what an int64_t holds, however hostile the shapes.
bool countable(const Window& window, int64_t planes) {
  constexpr double kLimit = 1e11;
  const auto product = [](int64_t a, int64_t b) { return static_cast<double>(a) * static_cast<double>(b); };
  const int64_t reach = window.out_width * window.stride_width + window.kernel_width * window.dilation_width;
  return product(reach + kLaneImages, window.channels) < kLimit &&
         product(window.out_width + kLaneImages, planes + 2) * static_cast<double>(window.channels) < 1e16 &&
         product(reach, kLaneImages * window.kernel_height) < kLimit;
}

// A code less `middle` is from low to high. The sum of n of them stays in int16, and with it every part of the sum, as
// zero lies between both: so the tables and what is added up of them are exact while a plane has at most
// largest_count() ones in a chunk of channels.
struct Centred {
  int32_t middle, low, high;
  explicit Centred(const Codes& codes)
      : middle((codes.low + codes.high + 1) >> 1), low(codes.low - middle), high(codes.high - middle) {}
  int64_t largest_count() const { return std::min(32768 / std::max(1, -low), 32767 / std::max(1, high)); }
};

class IntegerTables : public IntegerMethod {
 public:
  IntegerTables(const IntegerLayer& layer, const Weights& planes, const Taps& taps, Isa isa)
      : kernel_(select_kernels(kKernels, isa)),
        bias_(layer.bias),
        multiplier_(layer.multiplier),
        offset_(layer.offset),
        input_(layer.input),
        output_(layer.output),
        to_float_(layer.to_float),
        row_start_(planes.row_start),
        coefficient_(planes.coefficient, planes.coefficient + planes.planes()),
        total_coefficient_(planes.total_coefficient.begin(), planes.total_coefficient.end()) {
    const int64_t filters = planes.filters / taps.groups;
    for (int64_t group = 0; group < taps.groups; ++group)
      planes_ = std::max<int64_t>(planes_, row_start_[(group + 1) * filters] - row_start_[group * filters]);
    most_channels_ = choose_chunk(planes, taps);
    if (most_channels_ == 0) return;
    pack(planes, taps);
    take_middle_back(layer);
  }

  std::string name() const override { return std::string("integer_tables/") + kernel_.isa; }

  double cost(const Window& window) const override {
    if (most_channels_ == 0 || !countable(window, planes_)) return std::numeric_limits<double>::infinity();
    const IntegerTablesPlan plan(window, planes_, most_channels_);
    if (static_cast<double>(plan.worker_bytes()) > kMaxWorkerBytes) return std::numeric_limits<double>::infinity();
    return kernel_.slowness * integer_tables_cost(window, plan, planes_);
  }

  size_t scratch_bytes(const Window& window, int threads) const override {
    return threads * align_up(IntegerTablesPlan(window, planes_, most_channels_).worker_bytes());
  }

  void run(const Window& window, const uint8_t* input, void* output, std::byte* scratch,
           ThreadPool& pool) const override {
    const Centred centred(input_);
    const IntegerTablesWeights weights = {
        words_.data(),  row_start_.data(), coefficient_.data(), total_coefficient_.empty() ? nullptr : total_coefficient_.data(),
        {centred.middle, input_.is_signed}, input_.zero_point - centred.middle};
    const IntegerTablesPlan plan(window, planes_, most_channels_);
    const LaneBands bands(window, plan, pool.threads());
    pool.parallel_for(bands.size(), [&](int64_t index, int worker) {
      const LaneBand band = bands[index];
      const int64_t m = band.group * window.filters;
      const IntegerFinish finish = {bias_.data() + m, multiplier_.data() + m, offset_.data() + m, output_, to_float_};
      kernel_.run(window, plan, band, finish, input, weights, output,
                  scratch + worker * align_up(plan.worker_bytes()));
    });
  }

 private:
  // The most channels that a chunk may have so that none of its planes has too many ones; 0 where there are none.
  int64_t choose_chunk(const Weights& planes, const Taps& taps) const {
    const int64_t limit = Centred(input_).largest_count();
    if (taps.taps > limit || taps.taps > (int64_t{1} << 12)) return 0;
    for (int64_t chunk = std::min(kMaxChunk, taps.channels); chunk >= 4; --chunk) {
      // The plan makes a chunk a multiple of a table's channels, but never larger than this.
      if (fits(planes, taps, chunk, limit)) return chunk;
    }
    return 0;
  }

  static bool fits(const Weights& planes, const Taps& taps, int64_t chunk, int64_t limit) {
    if (chunk * taps.taps <= limit) return true;
    // Any stretch of `chunk` channels, wherever the plan begins its chunks.
    for (int64_t plane = 0; plane < planes.planes(); ++plane) {
      int64_t ones = 0;
      const auto count = [&](int64_t channel) {
        int64_t n = 0;
        for (int64_t tap = 0; tap < taps.taps; ++tap) n += planes.bit(plane, channel * taps.taps + tap);
        return n;
      };
      for (int64_t channel = 0; channel < taps.channels; ++channel) {
        ones += count(channel);
        if (channel >= chunk) ones -= count(channel - chunk);
        if (ones > limit) return false;
      }
    }
    return true;
  }

  // The words of a chunk: which channels each plane adds up at each tap.
  void pack(const Weights& planes, const Taps& taps) {
    // Which chunks a plan makes depends on the channels and planes alone.
    Window window{};
    window.channels = taps.channels;
    window.kernel_height = taps.taps / taps.kernel_width;
    window.kernel_width = taps.kernel_width;
    window.stride_height = window.stride_width = window.dilation_height = window.dilation_width = 1;
    window.out_height = window.out_width = 1;
    const IntegerTablesPlan plan(window, planes_, most_channels_);
    const int64_t filters = planes.filters / taps.groups, across = taps.kernel_width, down = taps.taps / across;
    words_.assign(static_cast<size_t>(planes.planes() * plan.chunks * taps.taps), 0);
    for (int64_t group = 0; group < taps.groups; ++group) {
      const int64_t first = row_start_[group * filters];
      const int64_t count = row_start_[(group + 1) * filters] - first;
      for (int64_t plane = 0; plane < count; ++plane) {
        for (int64_t k = 0; k < planes.columns; ++k) {
          if (!planes.bit(first + plane, k)) continue;
          const int64_t channel = k / taps.taps, tap = k % taps.taps;
          const int64_t row = channel / plan.chunk * down + tap / across;
          words_[first * plan.chunks * taps.taps + (row * count + plane) * across + tap % across] |=
              uint64_t{1} << channel % plan.chunk;
        }
      }
    }
  }

  // What is added up is a code less the middle, and should be a code less the zero point.
  void take_middle_back(const IntegerLayer& layer) {
    const auto middle = static_cast<uint32_t>(Centred(input_).middle - input_.zero_point);
    for (int64_t m = 0; m < layer.filters; ++m) {
      uint32_t sum = 0;
      for (int64_t k = 0; k < layer.columns; ++k)
        sum += static_cast<uint32_t>(static_cast<int32_t>(layer.matrix[m * layer.columns + k]));
      bias_[m] = static_cast<int32_t>(static_cast<uint32_t>(bias_[m]) + middle * sum);
    }
  }

  const IntegerTablesKernel& kernel_;
  std::vector<int32_t> bias_;
  std::vector<float> multiplier_, offset_;
  Codes input_, output_;
  bool to_float_;
  std::vector<int32_t> row_start_, coefficient_, total_coefficient_;
  std::vector<uint64_t> words_;
  int64_t planes_ = 0;  // most planes of a group
  int64_t most_channels_ = 0;
};

}  // namespace

std::unique_ptr<IntegerMethod> make_integer_tables(const IntegerLayer& layer, const Weights& planes, const Taps& taps,
                                                   Isa isa) {
  return std::make_unique<IntegerTables>(layer, planes, taps, isa);
}

}  // namespace plumline
