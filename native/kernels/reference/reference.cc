// The definition, in plain loops and double precision: what every fast method is tested against.

#include "kernels/activation/activation_reference.h"
#include "kernels/conv/method.h"
#include "kernels/conv/tiles.h"

namespace plumline {
namespace {

double dense_dot(const Weights& weights, int64_t m, const double* x) {
  double sum = 0;
  for (int64_t k = 0; k < weights.columns; ++k) sum += double{weights.weight[m * weights.columns + k]} * x[k];
  return sum;
}

double sparse_dot(const Weights& weights, int64_t m, const double* x) {
  double sum = 0;
  for (int32_t i = weights.row_start[m]; i < weights.row_start[m + 1]; ++i)
    sum += double{weights.value[i]} * x[weights.column[i]];
  return sum;
}

double planes_dot(const Weights& weights, int64_t m, const double* x) {
  double sum = 0;
  for (int32_t plane = weights.row_start[m]; plane < weights.row_start[m + 1]; ++plane) {
    double subset = 0;
    for (int64_t k = 0; k < weights.columns; ++k) subset += weights.bit(plane, k) ? x[k] : 0;
    sum += double{weights.coefficient[plane]} * subset;
  }
  if (weights.total_coefficient.empty()) return sum;
  double total = 0;
  for (int64_t k = 0; k < weights.columns; ++k) total += x[k];
  return sum + double{weights.total_coefficient[m]} * total;
}

double dot(const Weights& weights, int64_t m, const double* x) {
  switch (weights.form) {
    case WeightForm::kDense: return dense_dot(weights, m, x);
    case WeightForm::kSparse: return sparse_dot(weights, m, x);
    case WeightForm::kPlanes: return planes_dot(weights, m, x);
  }
  return 0;
}

// What one window reads, in the order of the columns.
void read_window(const Window& w, const float* input, int64_t image, int64_t group, int64_t pixel, double* x) {
  for (int64_t c = 0; c < w.channels; ++c) {
    const float* plane = input + ((image * w.groups + group) * w.channels + c) * w.height * w.width;
    for (int64_t i = 0; i < w.kernel_height; ++i) {
      for (int64_t j = 0; j < w.kernel_width; ++j) {
        const int64_t row = pixel / w.out_width * w.stride_height + i * w.dilation_height - w.pad_top;
        const int64_t column = pixel % w.out_width * w.stride_width + j * w.dilation_width - w.pad_left;
        const bool inside = row >= 0 && row < w.height && column >= 0 && column < w.width;
        *x++ = inside ? double{plane[row * w.width + column]} : 0.0;
      }
    }
  }
}

class Reference : public ConvMethod {
 public:
  explicit Reference(const Weights& weights) : weights_(weights) {}

  std::string name() const override { return "reference"; }

  size_t scratch_bytes(const Window& window, int threads) const override { return threads * worker_bytes(window); }

  void run(const Window& window, const float* input, const Finish& finish, std::byte* scratch,
           ThreadPool& pool) const override {
    const int64_t pixels = window.pixels();
    pool.parallel_for(window.batch * window.groups * pixels, [&](int64_t index, int worker) {
      double* x = reinterpret_cast<double*>(scratch + worker * worker_bytes(window));
      const int64_t image = index / pixels / window.groups;
      const int64_t group = index / pixels % window.groups;
      const int64_t pixel = index % pixels;
      read_window(window, input, image, group, pixel, x);
      for (int64_t m = group * window.filters; m < (group + 1) * window.filters; ++m) {
        const int64_t at = (image * window.groups * window.filters + m) * pixels + pixel;
        const double sum = dot(weights_, m, x) + finish.bias[m] + (finish.residual ? finish.residual[at] : 0.0f);
        const float slope = finish.activation.slope ? finish.activation.slope[m] : 0.0f;
        finish.output[at] = activate_reference(finish.activation, static_cast<float>(sum), slope);
      }
    });
  }

 private:
  static size_t worker_bytes(const Window& window) { return align_up(window.columns() * sizeof(double)); }

  const Weights weights_;
};

}  // namespace

std::unique_ptr<ConvMethod> make_reference(const Weights& weights) { return std::make_unique<Reference>(weights); }

}  // namespace plumline
