#pragma once

#include "core/cpu.h"
#include "kernels/quantize/codes.h"

namespace plumline {

struct Quantized {
  float scale;  // positive, finite
  Codes codes;
};

// QuantizeLinear, DequantizeLinear and what is made of both, number by number, as ONNX defines them: divide by the scale,
// round half to even, add the zero point, saturate. A NaN becomes the lowest code.
struct QuantizeKernels {
  const char* name;
  void (*quantize)(const Quantized& to, const float* x, uint8_t* y, int64_t n);
  void (*dequantize)(const Quantized& from, const uint8_t* x, float* y, int64_t n);
  // y = quantize(dequantize(a) + dequantize(b)).
  void (*add)(const Quantized& from_a, const Quantized& from_b, const Quantized& to, const uint8_t* a, const uint8_t* b,
              uint8_t* y, int64_t n);
};

const QuantizeKernels& quantize_kernels(Isa cap);

}  // namespace plumline
