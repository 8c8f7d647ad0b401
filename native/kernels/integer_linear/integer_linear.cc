#include "kernels/integer_linear/integer_linear.h"

#include <algorithm>
#include <cstring>

#include "core/aligned.h"
#include "core/parallel.h"
#include "kernels/integer/method.h"
#include "kernels/select.h"

namespace plumline {
namespace {

#define PLUMLINE_KERNEL(space, isa) {isa, &space::integer_linear_kernel},
constexpr Implementation<IntegerLinearKernel> kKernels[] = {
#include "kernels/integer/kernels.inc"
};
#undef PLUMLINE_KERNEL

constexpr int64_t kLaneBytes = 4;
constexpr int64_t kRowsPerJob = 48;  // a panel is read once for all of them

class IntegerLinear : public IntegerMethod {
 public:
  IntegerLinear(const IntegerLayer& layer, Isa isa)
      : kernel_(select_kernels(kKernels, isa)),
        filters_(layer.filters),
        lanes_((layer.columns + kernel_.depth - 1) / kernel_.depth),
        panel_(kernel_.vectors * kernel_.lanes),
        bias_(layer.bias),
        multiplier_(layer.multiplier),
        offset_(layer.offset),
        input_(layer.input),
        output_(layer.output),
        to_float_(layer.to_float) {
    const int64_t padded = (filters_ + panel_ - 1) / panel_ * panel_;
    bias_.resize(padded, 0);
    multiplier_.resize(padded, 0.0f);
    offset_.resize(padded, 0.0f);
    weights_.assign(static_cast<size_t>(padded * lanes_ * kLaneBytes), std::byte{0});
    const auto zero = static_cast<uint32_t>(kernel_.zero(layer.input));
    for (int64_t m = 0; m < filters_; ++m) {
      const int8_t* row = layer.matrix.data() + m * layer.columns;
      uint32_t sum = 0;  // wraps around, as the sums do that it belongs to: together they are exact
      for (int64_t k = 0; k < layer.columns; ++k) {
        sum += static_cast<uint32_t>(static_cast<int32_t>(row[k]));
        std::byte* lane = weights_.data() +
                          ((m / panel_ * lanes_ + k / kernel_.depth) * panel_ + m % panel_) * kLaneBytes;
        if (kernel_.depth == kLaneBytes) {
          std::memcpy(lane + k % kernel_.depth, &row[k], 1);
        } else {
          const int16_t wide = row[k];
          std::memcpy(lane + 2 * (k % kernel_.depth), &wide, 2);
        }
      }
      bias_[m] = static_cast<int32_t>(static_cast<uint32_t>(bias_[m]) - zero * sum);
    }
  }

  std::string name() const override { return std::string("integer_linear/") + kernel_.isa; }

  size_t scratch_bytes(const Window& window, int) const override {
    return align_up(static_cast<size_t>(window.batch * lanes_ * kLaneBytes));
  }

  void run(const Window& window, const uint8_t* input, void* output, std::byte* scratch,
           ThreadPool& pool) const override {
    const int64_t rows = window.batch;
    parallel_stretches(pool, rows, std::max<int64_t>(1, kGrain / window.channels), [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; ++row)
        kernel_.pack(input_, input + row * window.channels, window.channels, scratch + row * lanes_ * kLaneBytes);
    });
    const int64_t panels = (filters_ + panel_ - 1) / panel_, jobs = (rows + kRowsPerJob - 1) / kRowsPerJob;
    const IntegerFinish finish = {bias_.data(), multiplier_.data(), offset_.data(), output_, to_float_};
    pool.parallel_for(panels * jobs, [&](int64_t index, int) {
      const int64_t panel = index % panels, job = index / panels;
      kernel_.run(finish, scratch, weights_.data() + panel * panel_ * lanes_ * kLaneBytes, lanes_, filters_,
                  panel * panel_, job * kRowsPerJob, std::min(rows, (job + 1) * kRowsPerJob), output);
    });
  }

 private:
  const IntegerLinearKernel& kernel_;
  int64_t filters_, lanes_, panel_;
  std::vector<int32_t> bias_;  // these three have numbers for every lane of the last panel
  std::vector<float> multiplier_, offset_;
  Codes input_, output_;
  bool to_float_;
  std::vector<std::byte> weights_;  // by panel, lane of columns, filter
};

}  // namespace

std::unique_ptr<IntegerMethod> make_integer_linear(const IntegerLayer& layer, Isa isa) {
  return std::make_unique<IntegerLinear>(layer, isa);
}

}  // namespace plumline
