#pragma once

#include <cstdint>

#include "core/cpu.h"
#include "kernels/activation/activation.h"

namespace plumline {

enum class BinaryKind { kAdd, kSub, kMul, kDiv, kPrelu };

// Rows of numbers. Results may overwrite operands.
struct ElementwiseKernels {
  const char* name;
  // y[i] = activation(x[i]); prelu, which needs a slope, is a binary kind and an affine activation, but not one here.
  void (*activate)(const Activation& activation, const float* x, float* y, int64_t n);
  // y[i] = activation(scale[c] * x[i] + shift[c]) with c = i / run, the activation's slope being slope[c]: `run` numbers
  // for each of the `channels`.
  void (*affine)(const Activation& activation, const float* scale, const float* shift, const float* slope,
                 int64_t channels, int64_t run, const float* x, float* y);
  // y[i] = a[i * a_step] (op) b[i * b_step]; kPrelu: a where it is not negative, else a * b. A step is 1, or 0 for one
  // number that stands for the whole row.
  void (*binary)(BinaryKind kind, const float* a, int64_t a_step, const float* b, int64_t b_step, float* y, int64_t n);
};

const ElementwiseKernels& elementwise_kernels(Isa cap);

}  // namespace plumline
