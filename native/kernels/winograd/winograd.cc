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

// What a weight at a distance from the first adds to each of the points: point^distance over the product of the
// differences to the other points, and at infinity the last weight alone.
void transform_weights(const double* weight, int64_t step, double* to, int64_t to_step) {
  const double near = kNear, far = kFar;
  const double points[] = {0, near, -near, far, -far};
  for (int64_t i = 0; i < 5; ++i) {
    double product = 1;
    for (int64_t j = 0; j < 5; ++j)
      if (j != i) product *= points[i] - points[j];
    to[i * to_step] = (weight[0] + points[i] * (weight[step] + points[i] * weight[2 * step])) / product;
  }
  to[5 * to_step] = weight[2 * step];
}

class Winograd : public ConvMethod {
 public:
  Winograd(std::shared_ptr<const DenseWeights> weights, const Taps& taps, Isa isa)
      : kernel_(select_kernels(kKernels, isa)),
        narrow_(select_kernels(kKernels, std::min(isa, Isa::kAvx2))),
        weights_(std::move(weights)),
        taps_(taps) {}

  std::string name() const override { return std::string("winograd/") + kernel_.isa; }
  double cost(const Window& window) const override { return WinogradPlan(window, kernel_.lanes).cost(); }

  // The transformed weights take four times the room of the weights.
  void prepare(const Window&) override {
    if (!memory_) transform_all();
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
    const int64_t vectors = divide_up(w.filters, kernel_.lanes);
    std::byte* workers = reinterpret_cast<std::byte*>(transformed) + align_up(plan.input_floats() * sizeof(float));
    pool.parallel_for(divide_up(vectors, WinogradPlan::kVectors) * parts, [&](int64_t index, int worker) {
      const int64_t vector = index / parts * WinogradPlan::kVectors;
      const int64_t begin = squares * (index % parts) / parts;
      WinogradJob job;
      job.group = group;
      job.first_row = first_row;
      job.first_square = begin;
      job.squares = squares * (index % parts + 1) / parts - begin;
      job.filter = vector * kernel_.lanes;
      job.vectors = std::min(WinogradPlan::kVectors, vectors - vector);
      kernel_.multiply(plan, job, finish, transformed,
                       transformed_weights() + (group * vectors + vector) * kPlaces * w.channels * kernel_.lanes,
                       offsets, reinterpret_cast<float*>(workers + worker * worker_bytes(plan)));
    });
  }

  static size_t offsets_bytes(const WinogradPlan& plan) { return align_up(plan.window.channels * sizeof(int64_t)); }
  static size_t worker_bytes(const WinogradPlan& plan) {
    return align_up((plan.sums_floats() + plan.square_floats()) * sizeof(float));
  }

  const float* transformed_weights() const { return reinterpret_cast<const float*>(memory_.get()); }

  // By group, vector of filters, place, channel, filter.
  void transform_all() {
    const int64_t lanes = kernel_.lanes, filters = weights_->filters();
    const int64_t vectors = divide_up(filters, lanes);
    const int64_t size = taps_.groups * vectors * kPlaces * taps_.channels * lanes;
    memory_ = allocate_aligned(size * sizeof(float));
    float* to = reinterpret_cast<float*>(memory_.get());
    for (int64_t group = 0; group < taps_.groups; ++group) {
      for (int64_t vector = 0; vector < vectors; ++vector, to += kPlaces * taps_.channels * lanes) {
        for (int64_t channel = 0; channel < taps_.channels; ++channel) {
          for (int64_t lane = 0; lane < lanes; ++lane) {
            double weight[9], half[3 * kPoints], whole[kPlaces];
            for (int64_t k = 0; k < 9; ++k) weight[k] = weights_->at(group, vector * lanes + lane, channel * 9 + k);
            for (int64_t i = 0; i < 3; ++i) transform_weights(weight + i * 3, 1, half + i * kPoints, 1);
            for (int64_t j = 0; j < kPoints; ++j) transform_weights(half + j, kPoints, whole + j, kPoints);
            for (int64_t place = 0; place < kPlaces; ++place)
              to[(place * taps_.channels + channel) * lanes + lane] = static_cast<float>(whole[place]);
          }
        }
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
