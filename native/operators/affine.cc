// affine: activation(scale[c] * x + shift[c]), a channel c at axis 1: what is left of a batch norm that no
// convolution could take in.

#include <algorithm>

#include "core/parallel.h"
#include "core/sub_images.h"
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
    // The numbers of a channel that follow each other; then come those of the next channel.
    const bool in_sub_images = context.inputs[0].layout == Layout::kInterleaved;
    const int64_t run = in_sub_images ? kSubImages : count(shape, 2, shape.size());
    const int64_t channels = shape[1], runs = count(shape) / run;
    const float* slope = activation_.slope;
    parallel_stretches(*context.pool, runs, std::max<int64_t>(1, kGrain / run), [&](int64_t begin, int64_t end) {
      while (begin < end) {
        const int64_t first = begin % channels, some = std::min(end - begin, channels - first);
        kernels_.affine(activation_, scale_.floats() + first, shift_.floats() + first, slope ? slope + first : nullptr,
                        some, run, context.inputs[0].data + begin * run, context.outputs[0].data + begin * run);
        begin += some;
      }
    });
  }

  bool makes_sub_images(const std::vector<Shape>& inputs) const override { return fills_sub_images(inputs[0]); }
  Layout input_layout(const std::vector<Shape>&, size_t, Layout output) const override { return output; }

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
