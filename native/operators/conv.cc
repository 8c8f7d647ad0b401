// conv: a convolution over one or two axes, with what follows it fused (see fused.h).

#include "kernels/conv/choice.h"
#include "operators/conv_shape.h"
#include "operators/fused.h"

namespace plumline {

namespace {

// Whether the matrix, dense, stays in proportion to what the file holds, however hostile it is.
bool may_expand(const Weights& weights) {
  return weights.filters * weights.columns <= (int64_t{1} << 22) + 64 * weights.stored();
}

ConvMethods methods_of(const Weights& weights, const Taps& taps, Isa isa) {
  ConvMethods methods;
  if (isa == Isa::kReference) {
    methods.push_back(make_reference(weights));
    return methods;
  }
  // With more filters a channel, a panel of pixels that several filters share is faster.
  if (may_expand(weights) && taps.channels == 1 && weights.filters / taps.groups <= 4) {
    methods.push_back(make_depthwise(weights, isa));
    return methods;
  }
  if (auto limbs = make_limbs(weights, taps, isa)) methods.push_back(std::move(limbs));
  if (weights.form != WeightForm::kPlanes) {
    const bool sparse = weights.form == WeightForm::kSparse;
    if (sparse) methods.push_back(make_sparse(weights, taps, isa));
    if (!sparse || weights.density() > 0.5) add_dense(weights, taps, isa, methods);  // below, it never pays
    return methods;
  }
  if (auto merge = make_merge(weights, taps, isa)) methods.push_back(std::move(merge));
  if (may_expand(weights))  // it looks at every place of the matrix
    if (auto sparse = make_sparse(weights, taps, isa)) methods.push_back(std::move(sparse));
  methods.push_back(make_shared_tables(weights, taps, isa));
  if (may_expand(weights) && !tables_pay(weights, taps, isa))
    add_dense(weights, taps, isa, methods);
  else
    methods.push_back(make_planes(weights, taps, isa));
  return methods;
}

// The methods of the engine, or the one that the node's attribute `kernels` asks for.
ConvMethods methods_for(const NodeSpec& spec, const Weights& weights, const Taps& taps, Isa isa) {
  const std::string kernels = spec.attributes.text("kernels", "");
  if (kernels.empty()) return methods_of(weights, taps, isa);
  if (kernels != "summerge") throw Error("kernels is '" + kernels.substr(0, 40) + "', not summerge");
  const int64_t support = spec.attributes.integer("sparsity_support");
  if (support != 0 && support != 1) throw Error("sparsity_support is " + std::to_string(support) + ", not 0 or 1");
  const SumMergeOptions options = {spec.attributes.integer("tile"), support == 1};
  check(options);
  if (!may_expand(weights)) throw Error("a matrix with so few planes is too large for summerge");
  ConvMethods methods;
  methods.push_back(isa == Isa::kReference ? make_reference(weights) : make_summerge(weights, taps, options, isa));
  return methods;
}

class Conv : public Operator {
 public:
  Conv(const NodeSpec& spec, Isa isa, const Weights& weights)
      : shape_(spec, weights.filters, weights.columns),
        fused_(spec, weights.filters),
        asked_for_(!spec.attributes.text("kernels", "").empty()),
        choice_(methods_for(spec, weights, {shape_.groups(), shape_.channels(), shape_.taps(), shape_.kernel_width()},
                            isa),
                isa, spec.attributes.text("tuned", "")) {}

  std::vector<Shape> infer(const std::vector<Shape>& inputs) const override {
    const Shape output = shape_.output(shape_.window(inputs[0]));
    fused_.check_residual(inputs, output);
    return {output};
  }

  size_t scratch_bytes(const std::vector<Shape>& inputs, int threads) const override {
    return method(inputs[0]).scratch_bytes(shape_.window(inputs[0]), threads);
  }

  bool makes_sub_images(const std::vector<Shape>& inputs) const override {
    return method(inputs[0]).makes_sub_images(shape_.window(inputs[0]));
  }
  Layout input_layout(const std::vector<Shape>& inputs, size_t input, Layout output) const override {
    if (input == 1) return output;  // the residual
    return method(inputs[0]).takes_sub_images(shape_.window(inputs[0])) ? Layout::kInterleaved : Layout::kRowMajor;
  }

  void run(const RunContext& context) const override {
    Window w = shape_.window(*context.inputs[0].shape);
    w.input_sub_images = context.inputs[0].layout == Layout::kInterleaved;
    w.output_sub_images = context.outputs[0].layout == Layout::kInterleaved;
    method(*context.inputs[0].shape)
        .run(w, context.inputs[0].data, fused_.finish(context), context.scratch, *context.pool);
  }

  std::string kernel() const override { return choice_.names(); }
  std::string kernel_for(const std::vector<Shape>& inputs) const override { return method(inputs[0]).name(); }
  std::vector<Candidate> candidates(const std::vector<Shape>& inputs) const override {
    return choice_.candidates(shape_.window(inputs[0]));
  }
  std::string reason_for(const std::vector<Shape>& inputs) const override {
    return asked_for_ ? "asked for" : choice_.reason(inputs[0], shape_.window(inputs[0]));
  }
  double cycles(const std::vector<Shape>& inputs) const override {
    return method(inputs[0]).cost(shape_.window(inputs[0]));
  }

 private:
  const ConvMethod& method(const Shape& x) const { return choice_.at(x, shape_.window(x)); }

  ConvShape shape_;
  Fused fused_;
  bool asked_for_;
  MethodChoice<ConvMethod> choice_;
};

const RegisterOperator registered("conv", [](const NodeSpec& spec, Isa isa) -> std::unique_ptr<Operator> {
  return std::make_unique<Conv>(spec, isa, parse_weights(spec));
});

}  // namespace

}  // namespace plumline
