// The algorithm of every instruction set: see core/simd.h for how it is compiled.

#include "kernels/activation/activation_simd.h"
#include "kernels/elementwise/elementwise.h"

namespace plumline {
namespace PLUMLINE_ISA_NAMESPACE {

namespace {

// A row of numbers, or one number that stands for a row.
template <bool varies>
struct Row {
  const float* data;
  F32 constant;
  explicit Row(const float* p) : data(p), constant(F32::set(varies ? 0.0f : p[0])) {}
  F32 at(int64_t i) const {
    if constexpr (varies) return F32::load(data + i);
    return constant;
  }
  F32 rest(int64_t i, int64_t n) const {
    if constexpr (varies) return load_first(data + i, n);
    return constant;
  }
};

template <ActivationKind kind>
void activate_row(const Activation& activation, const float* x, float* y, int64_t n) {
  const F32 none = F32::set(0);
  int64_t i = 0;
  for (; i + F32::kLanes <= n; i += F32::kLanes) activate<kind>(activation, F32::load(x + i), none).store(y + i);
  if (i < n) store_first(activate<kind>(activation, load_first(x + i, n - i), none), y + i, n - i);
}

void activate_rows(const Activation& activation, const float* x, float* y, int64_t n) {
  switch (activation.kind) {
    case ActivationKind::kNone:
    case ActivationKind::kPrelu: return activate_row<ActivationKind::kNone>(activation, x, y, n);
    case ActivationKind::kRelu: return activate_row<ActivationKind::kRelu>(activation, x, y, n);
    case ActivationKind::kLeakyRelu: return activate_row<ActivationKind::kLeakyRelu>(activation, x, y, n);
    case ActivationKind::kClip: return activate_row<ActivationKind::kClip>(activation, x, y, n);
    case ActivationKind::kSigmoid: return activate_row<ActivationKind::kSigmoid>(activation, x, y, n);
    case ActivationKind::kTanh: return activate_row<ActivationKind::kTanh>(activation, x, y, n);
    case ActivationKind::kHardSigmoid: return activate_row<ActivationKind::kHardSigmoid>(activation, x, y, n);
    case ActivationKind::kHardSwish: return activate_row<ActivationKind::kHardSwish>(activation, x, y, n);
  }
}

template <bool varies>
void affine_row(const Activation& activation, const float* scale, const float* shift, const float* slope,
                const float* x, float* y, int64_t n) {
  const Row<varies> scales(scale), shifts(shift), slopes(slope ? slope : shift);  // without a slope any will do
  int64_t i = 0;
  for (; i + F32::kLanes <= n; i += F32::kLanes)
    activate(activation, fma(scales.at(i), F32::load(x + i), shifts.at(i)), slopes.at(i)).store(y + i);
  if (i < n) {
    const int64_t rest = n - i;
    const F32 sum = fma(scales.rest(i, rest), load_first(x + i, rest), shifts.rest(i, rest));
    store_first(activate(activation, sum, slopes.rest(i, rest)), y + i, rest);
  }
}

void affine_rows(const Activation& activation, const float* scale, const float* shift, const float* slope,
                 int64_t channels, int64_t run, const float* x, float* y) {
  if (run == 0) return;
  if (run == 1) return affine_row<true>(activation, scale, shift, slope, x, y, channels);
  for (int64_t c = 0; c < channels; ++c)
    affine_row<false>(activation, scale + c, shift + c, slope ? slope + c : nullptr, x + c * run, y + c * run, run);
}

template <BinaryKind kind>
F32 apply(F32 a, F32 b) {
  if constexpr (kind == BinaryKind::kAdd) return a + b;
  if constexpr (kind == BinaryKind::kSub) return a - b;
  if constexpr (kind == BinaryKind::kMul) return a * b;
  if constexpr (kind == BinaryKind::kDiv) return a / b;
  return select_negative(a, a * b, a);
}

template <BinaryKind kind, bool a_varies, bool b_varies>
void binary_row(const float* a, const float* b, float* y, int64_t n) {
  const Row<a_varies> left(a);
  const Row<b_varies> right(b);
  int64_t i = 0;
  for (; i + F32::kLanes <= n; i += F32::kLanes) apply<kind>(left.at(i), right.at(i)).store(y + i);
  if (i < n) store_first(apply<kind>(left.rest(i, n - i), right.rest(i, n - i)), y + i, n - i);
}

template <BinaryKind kind>
void binary_row(const float* a, int64_t a_step, const float* b, int64_t b_step, float* y, int64_t n) {
  if (a_step && b_step) return binary_row<kind, true, true>(a, b, y, n);
  if (a_step) return binary_row<kind, true, false>(a, b, y, n);
  if (b_step) return binary_row<kind, false, true>(a, b, y, n);
  return binary_row<kind, false, false>(a, b, y, n);
}

void binary_rows(BinaryKind kind, const float* a, int64_t a_step, const float* b, int64_t b_step, float* y,
                 int64_t n) {
  if (n == 0) return;
  switch (kind) {
    case BinaryKind::kAdd: return binary_row<BinaryKind::kAdd>(a, a_step, b, b_step, y, n);
    case BinaryKind::kSub: return binary_row<BinaryKind::kSub>(a, a_step, b, b_step, y, n);
    case BinaryKind::kMul: return binary_row<BinaryKind::kMul>(a, a_step, b, b_step, y, n);
    case BinaryKind::kDiv: return binary_row<BinaryKind::kDiv>(a, a_step, b, b_step, y, n);
    case BinaryKind::kPrelu: return binary_row<BinaryKind::kPrelu>(a, a_step, b, b_step, y, n);
  }
}

}  // namespace

extern const ElementwiseKernels kElementwise;
const ElementwiseKernels kElementwise = {PLUMLINE_ISA_NAME, activate_rows, affine_rows, binary_rows};

}  // namespace PLUMLINE_ISA_NAMESPACE
}  // namespace plumline
