// quantized_conv, quantized_linear: conv and linear on 8-bit codes (see kernels/integer/layer.h).

#include "kernels/conv/choice.h"
#include "kernels/integer/method.h"
#include "operators/conv_shape.h"
#include "operators/integer_layer.h"

namespace plumline {

namespace {

IntegerMethods methods_of(const NodeSpec& spec, const IntegerLayer& layer, const ConvShape& shape, Isa isa) {
  IntegerMethods methods;
  if (isa == Isa::kReference) {
    methods.push_back(make_integer_reference(layer));
    return methods;
  }
  const Taps taps = {shape.groups(), shape.channels(), shape.taps(), shape.kernel_width()};
  if (spec.attributes.text("weights") == "planes") {
    const Weights planes = parse_weights(spec);
    if (auto merge = make_integer_merge(layer, planes, taps, isa)) methods.push_back(std::move(merge));
    methods.push_back(make_integer_tables(layer, planes, taps, isa));
  }
  if (auto tiles = make_integer_tiles(layer, shape.groups(), shape.channels(), isa))
    methods.push_back(std::move(tiles));
  methods.push_back(make_integer_dense(layer, shape.groups(), shape.channels(), isa));
  return methods;
}

class QuantizedConv : public Operator {
 public:
  QuantizedConv(const NodeSpec& spec, Isa isa)
      : layer_(parse_integer_layer(spec)),
        shape_(spec, layer_.filters, layer_.columns),
        choice_(methods_of(spec, layer_, shape_, isa), isa, spec.attributes.text("tuned", "")) {
    layer_.matrix = {};  // the methods have it
  }

  DType infer_type(const std::vector<DType>& inputs) const override { return infer_layer_type(layer_, inputs); }

  std::vector<Shape> infer(const std::vector<Shape>& inputs) const override {
    return {shape_.output(shape_.window(inputs[0]))};
  }

  size_t scratch_bytes(const std::vector<Shape>& inputs, int threads) const override {
    return method(inputs[0]).scratch_bytes(shape_.window(inputs[0]), threads);
  }

  bool makes_sub_images(const std::vector<Shape>& inputs) const override {
    return method(inputs[0]).makes_sub_images(shape_.window(inputs[0]));
  }
  Layout input_layout(const std::vector<Shape>& inputs, size_t, Layout) const override {
    return method(inputs[0]).takes_sub_images(shape_.window(inputs[0])) ? Layout::kInterleaved : Layout::kRowMajor;
  }

  void run(const RunContext& context) const override {
    const Shape& x = *context.inputs[0].shape;
    Window window = shape_.window(x);
    window.input_sub_images = context.inputs[0].layout == Layout::kInterleaved;
    window.output_sub_images = context.outputs[0].layout == Layout::kInterleaved;
    method(x).run(window, context.inputs[0].elements<uint8_t>(), context.outputs[0].data, context.scratch,
                  *context.pool);
  }

  std::string kernel() const override { return choice_.names(); }
  std::string kernel_for(const std::vector<Shape>& inputs) const override { return method(inputs[0]).name(); }
  std::vector<Candidate> candidates(const std::vector<Shape>& inputs) const override {
    return choice_.candidates(shape_.window(inputs[0]));
  }
  std::string reason_for(const std::vector<Shape>& inputs) const override {
    return choice_.reason(inputs[0], shape_.window(inputs[0]));
  }

 private:
  const IntegerMethod& method(const Shape& x) const { return choice_.at(x, shape_.window(x)); }

  IntegerLayer layer_;
  ConvShape shape_;
  MethodChoice<IntegerMethod> choice_;
};

class QuantizedLinear : public Operator {
 public:
  QuantizedLinear(const NodeSpec& spec, Isa isa)
      : layer_(parse_integer_layer(spec)),
        method_(isa == Isa::kReference ? make_integer_reference(layer_) : make_integer_linear(layer_, isa)) {
    layer_.matrix = {};
  }

  DType infer_type(const std::vector<DType>& inputs) const override { return infer_layer_type(layer_, inputs); }

  std::vector<Shape> infer(const std::vector<Shape>& inputs) const override {
    const Shape& x = inputs[0];
    if (x.empty() || x.back() != layer_.columns)
      throw Error("the input has shape " + to_string(x) + ", its last axis must have " + std::to_string(layer_.columns));
    if (count(x) == 0) throw Error("the input has shape " + to_string(x) + ", is empty");
    Shape output = x;
    output.back() = layer_.filters;
    checked_count(output);
    return {output};
  }

  size_t scratch_bytes(const std::vector<Shape>& inputs, int threads) const override {
    return method_->scratch_bytes(rows_of(count(inputs[0]) / layer_.columns, layer_.columns, layer_.filters), threads);
  }

  void run(const RunContext& context) const override {
    const Window window = rows_of(count(*context.inputs[0].shape) / layer_.columns, layer_.columns, layer_.filters);
    method_->run(window, context.inputs[0].elements<uint8_t>(), context.outputs[0].data, context.scratch,
                 *context.pool);
  }

  std::string kernel() const override { return method_->name(); }

 private:
  IntegerLayer layer_;
  std::unique_ptr<IntegerMethod> method_;
};

template <class Kind>
std::unique_ptr<Operator> make(const NodeSpec& spec, Isa isa) {
  return std::make_unique<Kind>(spec, isa);
}

const RegisterOperator registered[] = {
    {"quantized_conv", make<QuantizedConv>},
    {"quantized_linear", make<QuantizedLinear>},
};

}  // namespace

}  // namespace plumline
