// conv: a convolution over one or two axes, with what follows it fused (see fused.h).

#include "kernels/conv/method.h"
#include "operators/conv_shape.h"
#include "operators/fused.h"

namespace plumline {

namespace {

// Whether the matrix, dense, stays in proportion to what the file holds, however hostile it is.
bool may_expand(const Weights& weights) {
  return weights.filters * weights.columns <= (int64_t{1} << 22) + 64 * weights.stored();
}

std::unique_ptr<ConvMethod> choose(const Weights& weights, const Taps& taps, Isa isa) {
  if (isa == Isa::kReference) return make_reference(weights);
  if (may_expand(weights)) {
    // With more filters a channel, a panel of pixels that several filters share is faster.
    if (taps.channels == 1 && weights.filters / taps.groups <= 4) return make_depthwise(weights, isa);
  }
  std::vector<std::unique_ptr<ConvMethod>> methods;
  if (auto limbs = make_limbs(weights, taps, isa)) methods.push_back(std::move(limbs));
  if (weights.form != WeightForm::kPlanes) {
    const bool sparse = weights.form == WeightForm::kSparse;
    if (sparse) methods.push_back(make_sparse(weights, taps, isa));
    if (!sparse || weights.density() > 0.5) methods.push_back(make_dense(weights, taps, isa));  // below, it never pays
    return make_cheapest(std::move(methods));
  }
  if (auto merge = make_merge(weights, taps, isa)) methods.push_back(std::move(merge));
  methods.push_back(make_shared_tables(weights, taps, isa));
  if (may_expand(weights) && !tables_pay(weights, taps, isa))
    methods.push_back(make_dense(weights, taps, isa));
  else
    methods.push_back(make_planes(weights, taps, isa));
  return make_cheapest(std::move(methods));
}

class Conv : public Operator {
 public:
  Conv(const NodeSpec& spec, Isa isa, const Weights& weights)
      : shape_(spec, weights.filters, weights.columns),
        fused_(spec, weights.filters),
        constants_(isa == Isa::kReference ? spec.tensors : std::map<std::string, Constant>{}),
        method_(choose(weights, {shape_.groups(), shape_.channels(), shape_.taps(), shape_.kernel_width()}, isa)) {}

  std::vector<Shape> infer(const std::vector<Shape>& inputs) const override {
    const Shape output = shape_.output(shape_.window(inputs[0]));
    fused_.check_residual(inputs, output);
    return {output};
  }

  size_t scratch_bytes(const std::vector<Shape>& inputs, int threads) const override {
    return method_->scratch_bytes(shape_.window(inputs[0]), threads);
  }

  bool makes_sub_images(const std::vector<Shape>& inputs) const override {
    return method_->makes_sub_images(shape_.window(inputs[0]));
  }
  Layout input_layout(const std::vector<Shape>& inputs, size_t input, Layout output) const override {
    if (input == 1) return output;  // the residual
    return method_->takes_sub_images(shape_.window(inputs[0])) ? Layout::kInterleaved : Layout::kRowMajor;
  }

  void run(const RunContext& context) const override {
    Window w = shape_.window(*context.inputs[0].shape);
    w.input_sub_images = context.inputs[0].layout == Layout::kInterleaved;
    w.output_sub_images = context.outputs[0].layout == Layout::kInterleaved;
    method_->run(w, context.inputs[0].data, fused_.finish(context), context.scratch,
                 *context.pool);
  }

  std::string kernel() const override { return method_->name(); }
  std::string kernel_for(const std::vector<Shape>& inputs) const override {
    return method_->name_for(shape_.window(inputs[0]));
  }

 private:
  ConvShape shape_;
  Fused fused_;
  std::map<std::string, Constant> constants_;  // the reference reads them
  std::unique_ptr<ConvMethod> method_;
};

const RegisterOperator registered("conv", [](const NodeSpec& spec, Isa isa) -> std::unique_ptr<Operator> {
  return std::make_unique<Conv>(spec, isa, parse_weights(spec));
});

}  // namespace

}  // namespace plumline
