#include "kernels/activation/activation.h"

#include <cmath>

#include "core/operator.h"
#include "kernels/activation/activation_reference.h"

namespace plumline {

namespace {

struct Entry {
  const char* name;
  ActivationKind kind;
  size_t parameters;
};

constexpr Entry kActivations[] = {
    {"none", ActivationKind::kNone, 0},
    {"relu", ActivationKind::kRelu, 0},
    {"leaky_relu", ActivationKind::kLeakyRelu, 1},
    {"clip", ActivationKind::kClip, 2},
    {"sigmoid", ActivationKind::kSigmoid, 0},
    {"tanh", ActivationKind::kTanh, 0},
    {"hard_sigmoid", ActivationKind::kHardSigmoid, 2},
    {"hard_swish", ActivationKind::kHardSwish, 0},
    {"prelu", ActivationKind::kPrelu, 0},
};

}  // namespace

const char* name_of(ActivationKind kind) {
  for (const Entry& entry : kActivations)
    if (entry.kind == kind) return entry.name;
  return "unknown";
}

Activation parse_activation(const NodeSpec& spec, int64_t channels) {
  const std::string name = spec.attributes.text("activation", "none");
  const std::vector<double> parameters = spec.attributes.reals("activation_parameters", std::vector<double>{});
  std::string choices;
  for (const Entry& entry : kActivations) {
    if (name != entry.name) {
      choices += choices.empty() ? entry.name : std::string(", ") + entry.name;
      continue;
    }
    if (parameters.size() != entry.parameters)
      throw Error("activation '" + name + "' takes " + std::to_string(entry.parameters) + " parameters, not " +
                  std::to_string(parameters.size()));
    Activation activation;
    activation.kind = entry.kind;
    if (!parameters.empty()) activation.a = static_cast<float>(parameters[0]);
    if (parameters.size() > 1) activation.b = static_cast<float>(parameters[1]);
    if (entry.kind == ActivationKind::kPrelu) {
      const Constant& slope = spec.tensor("slope");
      slope.expect(DType::kFloat32, {channels}, "slope");
      activation.slope = slope.floats();
    }
    return activation;
  }
  throw Error("unknown activation '" + name + "': choose from " + choices);
}

float activate_reference(const Activation& activation, float x, float slope) {
  const auto clipped = [](float value, float low, float high) {
    return value < low ? low : value > high ? high : value;  // NaN passes
  };
  switch (activation.kind) {
    case ActivationKind::kNone: return x;
    case ActivationKind::kRelu: return x < 0 ? 0 : x;
    case ActivationKind::kLeakyRelu: return x < 0 ? activation.a * x : x;
    case ActivationKind::kClip: return std::isnan(x) ? x : std::fmin(std::fmax(x, activation.a), activation.b);
    case ActivationKind::kSigmoid: return 1 / (1 + std::exp(-x));
    case ActivationKind::kTanh: return std::tanh(x);
    case ActivationKind::kHardSigmoid: return clipped(activation.a * x + activation.b, 0, 1);
    case ActivationKind::kHardSwish: return x * clipped(x / 6 + 0.5f, 0, 1);
    case ActivationKind::kPrelu: return x < 0 ? slope * x : x;
  }
  return x;
}

}  // namespace plumline
