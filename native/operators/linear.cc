// linear: a matrix times each row of the input, with what follows it fused (see fused.h). It is a convolution whose
// images are one pixel.

#include "kernels/conv/choice.h"
#include "operators/fused.h"

namespace plumline {

namespace {

// One row leaves the sparse kernel, whose lanes are rows, nearly idle: where it does as much as a vector of filters, only
// very few entries are worth it.
void add_sparse(const Weights& weights, Isa isa, ConvMethods& methods) {
  methods.push_back(make_sparse(weights, {1, weights.columns, 1, 1}, isa));
  if (weights.density() > 0.05) methods.push_back(make_linear_dense(weights, isa));
}

ConvMethods methods_of(const Weights& weights, Isa isa) {
  ConvMethods methods;
  if (isa == Isa::kReference) {
    methods.push_back(make_reference(weights));
    return methods;
  }
  switch (weights.form) {
    case WeightForm::kDense: methods.push_back(make_linear_dense(weights, isa)); break;
    case WeightForm::kSparse: add_sparse(weights, isa, methods); break;
    case WeightForm::kPlanes: methods.push_back(make_linear_planes(weights, isa)); break;
  }
  return methods;
}

class Linear : public Operator {
 public:
  Linear(const NodeSpec& spec, Isa isa, const Weights& weights)
      : filters_(weights.filters),
        columns_(weights.columns),
        fused_(spec, filters_),
        choice_(methods_of(weights, isa), isa, spec.attributes.text("tuned", "")) {}

  std::vector<Shape> infer(const std::vector<Shape>& inputs) const override {
    const Shape& x = inputs[0];
    if (x.empty() || x.back() != columns_)
      throw Error("the input has shape " + to_string(x) + ", its last axis must have " + std::to_string(columns_));
    if (count(x) == 0) throw Error("the input has shape " + to_string(x) + ", is empty");
    Shape output = x;
    output.back() = filters_;
    checked_count(output);
    fused_.check_residual(inputs, output);
    return {output};
  }

  size_t scratch_bytes(const std::vector<Shape>& inputs, int threads) const override {
    return method(inputs[0]).scratch_bytes(window(inputs[0]), threads);
  }

  void run(const RunContext& context) const override {
    const Shape& x = *context.inputs[0].shape;
    method(x).run(window(x), context.inputs[0].data, fused_.finish(context), context.scratch, *context.pool);
  }

  std::string kernel() const override { return choice_.names(); }
  std::string kernel_for(const std::vector<Shape>& inputs) const override { return method(inputs[0]).name(); }
  std::vector<Candidate> candidates(const std::vector<Shape>& inputs) const override {
    return choice_.candidates(window(inputs[0]));
  }
  std::string reason_for(const std::vector<Shape>& inputs) const override {
    return choice_.reason(inputs[0], window(inputs[0]));
  }

 private:
  const ConvMethod& method(const Shape& x) const { return choice_.at(x, window(x)); }

  Window window(const Shape& x) const {
    Window w{};
    w.batch = count(x) / columns_;
    w.groups = 1;
    w.channels = columns_;
    w.filters = filters_;
    w.height = w.width = w.out_height = w.out_width = 1;
    w.kernel_height = w.kernel_width = 1;
    w.stride_height = w.stride_width = w.dilation_height = w.dilation_width = 1;
    return w;
  }

  int64_t filters_;
  int64_t columns_;
  Fused fused_;
  MethodChoice<ConvMethod> choice_;
};

const RegisterOperator registered("linear", [](const NodeSpec& spec, Isa isa) -> std::unique_ptr<Operator> {
  return std::make_unique<Linear>(spec, isa, parse_weights(spec));
});

}  // namespace

}  // namespace plumline
