#include "kernels/winograd/winograd.h"

#include <algorithm>

#include "kernels/dense/dense_weights.h"
#include "kernels/select.h"

namespace plumline {
namespace {

#define PLUMLINE_KERNEL(space, isa) {isa, &space::winograd_kernel},
constexpr Implementation<WinogradKernel> kKernels[] = {
#include "kernels/winograd/kernels.inc"
};
#undef PLUMLINE_KERNEL

int64_t divide_up(int64_t a, int64_t b) { return (a + b - 1) / b; }

class Winograd : public ConvMethod {
 public:
  Winograd(std::shared_ptr<const DenseWeights> weights, const Taps& taps, Isa isa)
      : kernel_(select_kernels(kKernels, isa)),
        narrow_(select_kernels(kKernels, std::min(isa, Isa::kAvx2))),
        weights_(std::move(weights)),
        taps_(taps) {}

  std::string name() const override { return std::string("winograd/") + kernel_.isa; }
  double cost(const Window& window) const override { return WinogradPlan(window, kernel_.lanes).cost(); }

  void prepare(const Window&) override {
    if (!memory_ && keeps_weights(taps_.channels, weights_->filters())) transform_all();
  }

  size_t scratch_bytes(const Window& window, int threads) const override {
    const WinogradPlan plan(window, kernel_.lanes);
    return offsets_bytes(plan) + align_up(plan.input_floats() * sizeof(float)) + threads * worker_bytes(plan);
  }

  void run(const Window& window, const float* input, const Finish& finish, std::byte* scratch,
           ThreadPool& pool) const override {
    const WinogradPlan plan(window, kernel_.lanes);
    int64_t* offsets = reinterpret_cast<int64_t*>(scratch);
    for (int64_t channel = 0; channel < window.channels; ++channel) offsets[channel] = channel * plan.pitch;
    for (int64_t group = 0; group < window.groups; ++group) {
      for (int64_t row = 0; row < plan.rows(); row += plan.band_rows)
        run_band(plan, group, row, std::min(row + plan.band_rows, plan.rows()), input, finish, scratch, pool);
    }
  }

 private:
  void run_band(const WinogradPlan& plan, int64_t group, int64_t first_row, int64_t end_row, const float* input,
                const Finish& finish, std::byte* scratch, ThreadPool& pool) const {
    const Window& w = plan.window;
    const int64_t* offsets = reinterpret_cast<const int64_t*>(scratch);
    float* transformed = reinterpret_cast<float*>(scratch + offsets_bytes(plan));
    const auto transform = plan.row_lanes() == narrow_.lanes ? narrow_.transform : kernel_.transform;
    // One job a channel: the last store of a row may run over into the next.
    pool.parallel_for(w.channels, [&](int64_t channel, int) {
      for (int64_t row = first_row; row < end_row; ++row) {
        const int64_t image = row / plan.image_rows();
        transform(plan, row, input + ((image * w.groups + group) * w.channels + channel) * w.height * w.width,
                  transformed + channel * plan.pitch + (row - first_row) * plan.across());
      }
    });
    const int64_t squares = (end_row - first_row) * plan.across();
    const int64_t parts = divide_up(squares, WinogradPlan::kGroup);
    std::byte* workers = reinterpret_cast<std::byte*>(transformed) + align_up(plan.input_floats() * sizeof(float));
    pool.parallel_for(divide_up(vectors(), WinogradPlan::kVectors) * parts, [&](int64_t index, int worker) {
      const int64_t vector = index / parts * WinogradPlan::kVectors;
      const int64_t begin = squares * (index % parts) / parts;
      WinogradJob job;
      job.group = group;
      job.first_row = first_row;
      job.first_square = begin;
      job.squares = squares * (index % parts + 1) / parts - begin;
      job.filter = vector * kernel_.lanes;
      job.vectors = std::min(WinogradPlan::kVectors, vectors() - vector);
      kernel_.multiply(plan, job, finish, transformed,
                       weights_of(plan, group, vector), offsets,
                       reinterpret_cast<float*>(workers + worker * worker_bytes(plan)));
    });
  }

  static size_t offsets_bytes(const WinogradPlan& plan) { return align_up(plan.window.channels * sizeof(int64_t)); }
  static size_t worker_bytes(const WinogradPlan& plan) {
    return align_up((plan.sums_floats() + plan.square_floats() + plan.weights_floats()) * sizeof(float));
  }

  // Of a vector of filters, in the order that the kernel wants.
  const float* weights_of(const WinogradPlan& plan, int64_t group, int64_t vector) const {
    const int64_t size = plan.window.channels * kernel_.lanes;
    if (!plan.keeps) return weights_->group(group) + vector * size * 9;
    return kept() + (group * vectors() + vector) * size * kPlaces;
  }
  const float* kept() const { return reinterpret_cast<const float*>(memory_.get()); }
  int64_t vectors() const { return divide_up(weights_->filters(), kernel_.lanes); }

  // By group, vector of filters, place, channel, filter.
  void transform_all() {
    const int64_t size = taps_.channels * kernel_.lanes;  // of a vector of filters at one place
    memory_ = allocate_aligned(taps_.groups * vectors() * kPlaces * size * sizeof(float));
    float* to = reinterpret_cast<float*>(memory_.get());
    for (int64_t group = 0; group < taps_.groups; ++group) {
      for (int64_t vector = 0; vector < vectors(); ++vector) {
        for (int64_t row = 0; row < kPoints; ++row, to += kPoints * size)
          kernel_.transform_weights(weights_->group(group) + vector * size * 9, taps_.channels, row, to, size);
      }
    }
  }

  const WinogradKernel& kernel_;
  const WinogradKernel& narrow_;  // transforms rows of squares too short for long vectors
  std::shared_ptr<const DenseWeights> weights_;
  Taps taps_;
  std::shared_ptr<std::byte> memory_;
};

}  // namespace

std::unique_ptr<ConvMethod> make_winograd(std::shared_ptr<const DenseWeights> weights, const Taps& taps, Isa isa) {
  return std::make_unique<Winograd>(std::move(weights), taps, isa);
}

}  // namespace plumline
