// quantize_linear, dequantize_linear, quantized_add: between float32 and 8-bit numbers, as ONNX defines it.

#include "core/parallel.h"
#include "kernels/quantize/quantize.h"
#include "operators/codes.h"
#include "operators/common.h"

namespace plumline {

namespace {

// The scales and zero points along an axis, or one for all.
class PerAxis {
 public:
  explicit PerAxis(const NodeSpec& spec) : axis_(spec.attributes.integer("axis", 1)) {
    const Constant& scale = spec.tensor("scale");
    const Constant& zero_point = spec.tensor("zero_point");
    scale.expect(DType::kFloat32, {scale.size()}, "scale");
    zero_point.expect(DType::kInt32, {scale.size()}, "zero_point");
    if (scale.size() == 0) throw Error("scale is empty");
    const std::string type = spec.attributes.text("type");
    if (type != "uint8" && type != "int8") throw Error("type '" + type + "' is not uint8 or int8");
    const bool is_signed = type == "int8";
    const int32_t low = is_signed ? -128 : 0, high = low + 255;
    for (int64_t i = 0; i < scale.size(); ++i) {
      const int32_t zero = zero_point.ints()[i];
      if (zero < low || zero > high) throw Error("zero_point " + std::to_string(zero) + " is beyond " + type);
      each_.push_back({checked_scale(static_cast<double>(scale.floats()[i]), "scale"), {is_signed, zero, low, high}});
    }
  }

  DType type() const { return type_of(each_[0].codes); }
  const Codes& codes() const { return each_[0].codes; }

  void check(const Shape& shape) const {
    if (each_.size() == 1) return;
    const auto axis = static_cast<size_t>(normalized_axis(axis_, shape.size()));
    if (shape[axis] != static_cast<int64_t>(each_.size()))
      throw Error(std::to_string(each_.size()) + " scales do not fit axis " + std::to_string(axis) + " of " +
                  to_string(shape));
  }

  // Calls function(quantized, first, count) for stretches that have one scale.
  template <class Function>
  void visit(ThreadPool& pool, const Shape& shape, const Function& function) const {
    const int64_t n = count(shape);
    if (each_.size() == 1 || n == 0) {
      parallel_stretches(pool, n, kGrain, [&](int64_t begin, int64_t end) { function(each_[0], begin, end - begin); });
      return;
    }
    const auto axis = static_cast<size_t>(normalized_axis(axis_, shape.size()));
    const int64_t row = count(shape, axis + 1, shape.size());
    const int64_t scales = static_cast<int64_t>(each_.size());
    parallel_stretches(pool, n / row, std::max<int64_t>(1, kGrain / row), [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) function(each_[static_cast<size_t>(i % scales)], i * row, row);
    });
  }

 private:
  int64_t axis_;
  std::vector<Quantized> each_;
};

class QuantizeLinear : public Operator {
 public:
  QuantizeLinear(const NodeSpec& spec, Isa isa) : scales_(spec), kernels_(quantize_kernels(isa)) {
    expect_arity(spec, 1, 1);
  }

  DType infer_type(const std::vector<DType>& inputs) const override {
    Operator::infer_type(inputs);
    return scales_.type();
  }

  std::vector<Shape> infer(const std::vector<Shape>& inputs) const override {
    scales_.check(inputs[0]);
    return inputs;
  }

  void run(const RunContext& context) const override {
    const float* x = context.inputs[0].data;
    uint8_t* y = context.outputs[0].elements<uint8_t>();
    scales_.visit(*context.pool, *context.inputs[0].shape, [&](const Quantized& to, int64_t first, int64_t n) {
      kernels_.quantize(to, x + first, y + first, n);
    });
  }

  std::string kernel() const override { return std::string("quantize/") + kernels_.name; }

 private:
  PerAxis scales_;
  const QuantizeKernels& kernels_;
};

class DequantizeLinear : public Operator {
 public:
  DequantizeLinear(const NodeSpec& spec, Isa isa) : scales_(spec), kernels_(quantize_kernels(isa)) {
    expect_arity(spec, 1, 1);
  }

  DType infer_type(const std::vector<DType>& inputs) const override {
    expect_type(inputs, 0, scales_.codes());
    return DType::kFloat32;
  }

  std::vector<Shape> infer(const std::vector<Shape>& inputs) const override {
    scales_.check(inputs[0]);
    return inputs;
  }

  void run(const RunContext& context) const override {
    const uint8_t* x = context.inputs[0].elements<uint8_t>();
    float* y = context.outputs[0].data;
    scales_.visit(*context.pool, *context.inputs[0].shape, [&](const Quantized& from, int64_t first, int64_t n) {
      kernels_.dequantize(from, x + first, y + first, n);
    });
  }

  std::string kernel() const override { return std::string("quantize/") + kernels_.name; }

 private:
  PerAxis scales_;
  const QuantizeKernels& kernels_;
};

// Two tensors of one shape; any other addition goes through float32.
class QuantizedAdd : public Operator {
 public:
  QuantizedAdd(const NodeSpec& spec, Isa isa)
      : a_{scale(spec, "a_scale"), parse_codes(spec, "a", "a_")},
        b_{scale(spec, "b_scale"), parse_codes(spec, "b", "b_")},
        to_{scale(spec, "scale"), parse_codes(spec, "output", "")},
        kernels_(quantize_kernels(isa)) {
    expect_arity(spec, 2, 1);
  }

  DType infer_type(const std::vector<DType>& inputs) const override {
    expect_type(inputs, 0, a_.codes);
    expect_type(inputs, 1, b_.codes);
    return type_of(to_.codes);
  }

  std::vector<Shape> infer(const std::vector<Shape>& inputs) const override {
    if (inputs[0] != inputs[1])
      throw Error("shapes " + to_string(inputs[0]) + " and " + to_string(inputs[1]) + " differ");
    return {inputs[0]};
  }

  // Images may be held as sub-images, all three of them.
  bool makes_sub_images(const std::vector<Shape>& inputs) const override {
    return inputs[0].size() == 3 || inputs[0].size() == 4;
  }
  Layout input_layout(const std::vector<Shape>&, size_t, Layout output) const override { return output; }

  void run(const RunContext& context) const override {
    const uint8_t* a = context.inputs[0].elements<uint8_t>();
    const uint8_t* b = context.inputs[1].elements<uint8_t>();
    uint8_t* y = context.outputs[0].elements<uint8_t>();
    const int64_t numbers = stored_count(*context.outputs[0].shape, context.outputs[0].layout, context.outputs[0].dtype);
    parallel_stretches(*context.pool, numbers, kGrain, [&](int64_t begin, int64_t end) {
      kernels_.add(a_, b_, to_, a + begin, b + begin, y + begin, end - begin);
    });
  }

  std::string kernel() const override { return std::string("quantize/") + kernels_.name; }

 private:
  static float scale(const NodeSpec& spec, const char* key) { return checked_scale(spec.attributes.real(key), key); }

  Quantized a_, b_, to_;
  const QuantizeKernels& kernels_;
};

template <class Kind>
std::unique_ptr<Operator> make(const NodeSpec& spec, Isa isa) {
  return std::make_unique<Kind>(spec, isa);
}

const RegisterOperator registered[] = {
    {"quantize_linear", make<QuantizeLinear>},
    {"dequantize_linear", make<DequantizeLinear>},
    {"quantized_add", make<QuantizedAdd>},
};

}  // namespace

}  // namespace plumline
