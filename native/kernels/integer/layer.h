#pragma once

#include <cstdint>
#include <vector>

#include "kernels/quantize/codes.h"

namespace plumline {

// What a `quantized_conv` or `quantized_linear` computes from the codes q of its input:
//
//     sum[m]  = bias[m] + sum over k of matrix[m][k] * (q[k] - input.zero_point)       exactly, in int32
//     real[m] = float(sum[m]) * multiplier[m] + offset[m]                              each rounded to float32
//     code[m] = output.zero_point + round half to even of real[m], saturated           or real[m] itself
//
// No sum, nor any part of one, leaves int32 whatever the codes within their range are: make_layer has checked it.
struct IntegerLayer {
  int64_t filters, columns;
  std::vector<int8_t> matrix;  // one row a filter, columns as in Weights
  std::vector<int32_t> bias;
  std::vector<float> multiplier;
  std::vector<float> offset;
  Codes input;
  Codes output;
  bool to_float;
};

// The part of a layer that a kernel needs after the sums. Arrays begin with the filter that its caller counts from.
struct IntegerFinish {
  const int32_t* bias;  // with what the kernel's way to sum leaves out
  const float* multiplier;
  const float* offset;
  Codes output;
  bool to_float;
};

}  // namespace plumline
