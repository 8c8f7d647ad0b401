// affine: activation(scale[c] * x + shift[c]), a channel c at axis 1: what is left of a batch norm that no
// convolution could take in.

#include "core/parallel.h"
#include "kernels/elementwise/elementwise.h"
#include "operators/common.h"

namespace plumline {

namespace {

class Affine : public Operator {
 public:
  Affine(const NodeSpec& spec, Isa isa)
      : scale_(spec.tensor("scale")),
        shift_(spec.tensor("shift")),
        slope_(spec.find_tensor("slope") ? *spec.find_tensor("slope") : scale_),
        activation_(parse_activation(spec, scale_.size())),
        kernels_(elementwise_kernels(isa)) {
    expect_arity(spec, 1, 1);
    const Shape channels = {scale_.size()};
    scale_.expect(DType::kFloat32, channels, "scale");
    shift_.expect(DType::kFloat32, channels, "shift");
  }

  std::vector<Shape> infer(const std::vector<Shape>& inputs) const override {
    if (inputs[0].size() < 2 || inputs[0][1] != scale_.size())
      throw Error("x of shape " + to_string(inputs[0]) + " must have " + std::to_string(scale_.size()) +
                  " channels at axis 1");
    return inputs;
  }

  void run(const RunContext& context) const override {
    const Shape& shape = *context.inputs[0].shape;
    if (count(shape) == 0) return;
    const int64_t channels = shape[1];
    const int64_t inner = count(shape, 2, shape.size());
    // With one number a channel a row runs over the channels; otherwise it is one channel's.
    const bool across = inner == 1;
    const int64_t row = across ? channels : inner;
    const int64_t rows = count(shape) / row;
    const float* slope = activation_.slope;
    parallel_stretches(*context.pool, rows, std::max<int64_t>(1, kGrain / row), [&](int64_t begin, int64_t end) {
      for (int64_t index = begin; index < end; ++index) {
        const int64_t channel = across ? 0 : index % channels;
        kernels_.affine(activation_, scale_.floats() + channel, shift_.floats() + channel,
                        slope ? slope + channel : nullptr, across ? 1 : 0, context.inputs[0].data + index * row,
                        context.outputs[0].data + index * row, row);
      }
    });
  }

  std::string kernel() const override { return std::string("elementwise/") + kernels_.name; }

 private:
  Constant scale_, shift_;
  Constant slope_;  // holds what activation_.slope points to
  Activation activation_;
  const ElementwiseKernels& kernels_;
};

const RegisterOperator registered("affine", [](const NodeSpec& spec, Isa isa) -> std::unique_ptr<Operator> {
  return std::make_unique<Affine>(spec, isa);
});

}  // namespace

}  // namespace plumline
