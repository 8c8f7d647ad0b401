// The definition, in plain loops: what every fast method is tested against.

#include "kernels/integer/method.h"
#include "kernels/quantize/rounding.h"

namespace plumline {
namespace {

class Reference : public IntegerMethod {
 public:
  explicit Reference(const IntegerLayer& layer) : layer_(layer) {}

  std::string name() const override { return "reference"; }
  size_t scratch_bytes(const Window&, int) const override { return 0; }

  void run(const Window& w, const uint8_t* input, void* output, std::byte*, ThreadPool& pool) const override {
    const int64_t pixels = w.pixels();
    pool.parallel_for(w.batch * w.groups * pixels, [&](int64_t index, int) {
      const int64_t image = index / pixels / w.groups, group = index / pixels % w.groups, pixel = index % pixels;
      for (int64_t m = group * w.filters; m < (group + 1) * w.filters; ++m) {
        const int64_t at = (image * w.groups * w.filters + m) * pixels + pixel;
        const float sum = static_cast<float>(layer_.bias[m] + static_cast<int32_t>(dot(w, input, image, group, pixel, m)));
        const float scaled = sum * layer_.multiplier[m];
        const float real = scaled + layer_.offset[m];
        if (layer_.to_float)
          static_cast<float*>(output)[at] = real;
        else
          static_cast<uint8_t*>(output)[at] = rounded_code(layer_.output, real);
      }
    });
  }

 private:
  int64_t dot(const Window& w, const uint8_t* input, int64_t image, int64_t group, int64_t pixel, int64_t m) const {
    const int8_t* weight = layer_.matrix.data() + m * layer_.columns;
    int64_t sum = 0;
    for (int64_t c = 0; c < w.channels; ++c) {
      const uint8_t* plane = input + ((image * w.groups + group) * w.channels + c) * w.height * w.width;
      for (int64_t i = 0; i < w.kernel_height; ++i) {
        for (int64_t j = 0; j < w.kernel_width; ++j, ++weight) {
          const int64_t row = pixel / w.out_width * w.stride_height + i * w.dilation_height - w.pad_top;
          const int64_t column = pixel % w.out_width * w.stride_width + j * w.dilation_width - w.pad_left;
          if (row < 0 || row >= w.height || column < 0 || column >= w.width) continue;  // the zero point: nothing
          sum += *weight * (code_value(layer_.input, plane[row * w.width + column]) - layer_.input.zero_point);
        }
      }
    }
    return sum;
  }

  const IntegerLayer layer_;
};

}  // namespace

std::unique_ptr<IntegerMethod> make_integer_reference(const IntegerLayer& layer) {
  return std::make_unique<Reference>(layer);
}

}  // namespace plumline
