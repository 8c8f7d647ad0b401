#include "kernels/quantize/quantize.h"
#include "kernels/quantize/rounding.h"

namespace plumline {
namespace reference {

namespace {

float number(const Quantized& from, uint8_t byte) {
  return static_cast<float>(code_value(from.codes, byte) - from.codes.zero_point) * from.scale;
}

void quantize(const Quantized& to, const float* x, uint8_t* y, int64_t n) {
  for (int64_t i = 0; i < n; ++i) y[i] = rounded_code(to.codes, x[i] / to.scale);
}

void dequantize(const Quantized& from, const uint8_t* x, float* y, int64_t n) {
  for (int64_t i = 0; i < n; ++i) y[i] = number(from, x[i]);
}

void add(const Quantized& from_a, const Quantized& from_b, const Quantized& to, const uint8_t* a, const uint8_t* b,
         uint8_t* y, int64_t n) {
  for (int64_t i = 0; i < n; ++i) y[i] = rounded_code(to.codes, (number(from_a, a[i]) + number(from_b, b[i])) / to.scale);
}

}  // namespace

extern const QuantizeKernels kQuantize;
const QuantizeKernels kQuantize = {"reference", quantize, dequantize, add};

}  // namespace reference
}  // namespace plumline
