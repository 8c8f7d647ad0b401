#pragma once

#include <cstdint>

namespace plumline {

struct NodeSpec;

enum class ActivationKind { kNone, kRelu, kLeakyRelu, kClip, kSigmoid, kTanh, kHardSigmoid, kHardSwish, kPrelu };

const char* name_of(ActivationKind kind);

// A function of one number that a step applies to what it computed, before storing it.
struct Activation {
  ActivationKind kind = ActivationKind::kNone;
  float a = 0;  // leaky_relu and hard_sigmoid: alpha; clip: min
  float b = 0;  // hard_sigmoid: beta; clip: max
  const float* slope = nullptr;  // prelu: one a channel, in the node's tensor "slope": keep a copy of that Constant
};

// Reads `activation`, `activation_parameters` and the tensor "slope" (which must have one number a channel) of a
// `conv`, `linear` or `affine` node. Throws Error for an unknown name or a wrong number of parameters.
Activation parse_activation(const NodeSpec& spec, int64_t channels);

}  // namespace plumline
