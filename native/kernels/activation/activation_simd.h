#pragma once

// The activations on vectors, for the kernels, and on single numbers, as the reference. NaN passes through all of
// them. Only for files that are compiled for one instruction set (see core/simd.h); it includes no standard library.

#include "core/simd_math.h"
#include "kernels/activation/activation.h"

namespace plumline {
namespace PLUMLINE_ISA_NAMESPACE {

// One activation chosen at compile time. `slope` is used by prelu alone.
template <ActivationKind kind>
inline F32 activate(const Activation& activation, F32 x, [[maybe_unused]] F32 slope) {
  [[maybe_unused]] const F32 zero = F32::set(0.0f);
  [[maybe_unused]] const F32 a = F32::set(activation.a);
  [[maybe_unused]] const F32 b = F32::set(activation.b);
  if constexpr (kind == ActivationKind::kRelu) return max(zero, x);  // in this order NaN passes
  if constexpr (kind == ActivationKind::kLeakyRelu) return select_negative(x, a * x, x);
  if constexpr (kind == ActivationKind::kClip) return min(b, max(a, x));
  if constexpr (kind == ActivationKind::kSigmoid) return sigmoid(x);
  if constexpr (kind == ActivationKind::kTanh) return tanh(x);
  if constexpr (kind == ActivationKind::kHardSigmoid) return min(F32::set(1.0f), max(zero, a * x + b));
  if constexpr (kind == ActivationKind::kHardSwish)
    return x * min(F32::set(1.0f), max(zero, fma(x, F32::set(1.0f / 6.0f), F32::set(0.5f))));
  if constexpr (kind == ActivationKind::kPrelu) return select_negative(x, slope * x, x);
  return x;
}

// The same, chosen at run time: for a kernel whose inner loop is long enough to hide one switch a vector.
inline F32 activate(const Activation& activation, F32 x, F32 slope) {
  switch (activation.kind) {
    case ActivationKind::kNone: return x;
    case ActivationKind::kRelu: return activate<ActivationKind::kRelu>(activation, x, slope);
    case ActivationKind::kLeakyRelu: return activate<ActivationKind::kLeakyRelu>(activation, x, slope);
    case ActivationKind::kClip: return activate<ActivationKind::kClip>(activation, x, slope);
    case ActivationKind::kSigmoid: return activate<ActivationKind::kSigmoid>(activation, x, slope);
    case ActivationKind::kTanh: return activate<ActivationKind::kTanh>(activation, x, slope);
    case ActivationKind::kHardSigmoid: return activate<ActivationKind::kHardSigmoid>(activation, x, slope);
    case ActivationKind::kHardSwish: return activate<ActivationKind::kHardSwish>(activation, x, slope);
    case ActivationKind::kPrelu: return activate<ActivationKind::kPrelu>(activation, x, slope);
  }
  return x;
}

}  // namespace PLUMLINE_ISA_NAMESPACE
}  // namespace plumline
