#include "kernels/activation/activation_reference.h"
#include "kernels/elementwise/elementwise.h"

namespace plumline {
namespace reference {

namespace {

void activate(const Activation& activation, const float* x, float* y, int64_t n) {
  for (int64_t i = 0; i < n; ++i) y[i] = activate_reference(activation, x[i], 0);
}

void affine(const Activation& activation, const float* scale, const float* shift, const float* slope, int64_t channels,
            int64_t run, const float* x, float* y) {
  for (int64_t i = 0; i < channels * run; ++i) {
    const int64_t c = i / run;
    y[i] = activate_reference(activation, scale[c] * x[i] + shift[c], slope ? slope[c] : 0);
  }
}

float apply(BinaryKind kind, float a, float b) {
  switch (kind) {
    case BinaryKind::kAdd: return a + b;
    case BinaryKind::kSub: return a - b;
    case BinaryKind::kMul: return a * b;
    case BinaryKind::kDiv: return a / b;
    case BinaryKind::kPrelu: return a < 0 ? a * b : a;
  }
  return 0;
}

void binary(BinaryKind kind, const float* a, int64_t a_step, const float* b, int64_t b_step, float* y, int64_t n) {
  for (int64_t i = 0; i < n; ++i) y[i] = apply(kind, a[i * a_step], b[i * b_step]);
}

}  // namespace

extern const ElementwiseKernels kElementwise;
const ElementwiseKernels kElementwise = {"reference", activate, affine, binary};

}  // namespace reference
}  // namespace plumline
