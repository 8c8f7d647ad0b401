// relu, sigmoid, tanh, hard_swish, leaky_relu, hard_sigmoid, clip: the activations as steps of their own.

#include "core/parallel.h"
#include "core/sub_images.h"
#include "kernels/elementwise/elementwise.h"
#include "operators/common.h"

namespace plumline {

namespace {

class ActivationOperator : public Operator {
 public:
  ActivationOperator(const NodeSpec& spec, Isa isa, const Activation& activation)
      : activation_(activation), kernels_(elementwise_kernels(isa)) {
    expect_arity(spec, 1, 1);
  }

  std::vector<Shape> infer(const std::vector<Shape>& inputs) const override { return inputs; }

  void run(const RunContext& context) const override {
    const float* x = context.inputs[0].data;
    float* y = context.outputs[0].data;
    parallel_stretches(*context.pool, count(*context.outputs[0].shape), kGrain, [&](int64_t begin, int64_t end) {
      kernels_.activate(activation_, x + begin, y + begin, end - begin);
    });
  }

  bool makes_sub_images(const std::vector<Shape>& inputs) const override { return fills_sub_images(inputs[0]); }
  Layout input_layout(const std::vector<Shape>&, size_t, Layout output) const override { return output; }

  std::string kernel() const override { return std::string("elementwise/") + kernels_.name; }

 private:
  Activation activation_;
  const ElementwiseKernels& kernels_;
};

template <ActivationKind kind>
std::unique_ptr<Operator> make(const NodeSpec& spec, Isa isa) {
  Activation activation;
  activation.kind = kind;
  const auto real = [&](const char* key) { return static_cast<float>(spec.attributes.real(key)); };
  if constexpr (kind == ActivationKind::kLeakyRelu) activation.a = real("alpha");
  if constexpr (kind == ActivationKind::kHardSigmoid) {
    activation.a = real("alpha");
    activation.b = real("beta");
  }
  if constexpr (kind == ActivationKind::kClip) {
    activation.a = real("min");
    activation.b = real("max");
  }
  return std::make_unique<ActivationOperator>(spec, isa, activation);
}

const RegisterOperator registered[] = {
    {"relu", make<ActivationKind::kRelu>},
    {"sigmoid", make<ActivationKind::kSigmoid>},
    {"tanh", make<ActivationKind::kTanh>},
    {"hard_swish", make<ActivationKind::kHardSwish>},
    {"leaky_relu", make<ActivationKind::kLeakyRelu>},
    {"hard_sigmoid", make<ActivationKind::kHardSigmoid>},
    {"clip", make<ActivationKind::kClip>},
};

}  // namespace

}  // namespace plumline
