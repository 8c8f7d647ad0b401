// copy, transpose, concat, split, slice: elements change places, none changes.

#include <algorithm>

#include "operators/common.h"
#include "operators/copy_strided.h"
#include "operators/copy_transposed.h"

namespace plumline {

namespace {

// Of values of any type, all of the same.
class Movement : public Operator {
 public:
  DType infer_type(const std::vector<DType>& inputs) const override {
    for (const DType type : inputs)
      if (type != inputs[0])
        throw Error(std::string("its inputs are ") + name_of(inputs[0]) + " and " + name_of(type));
    return inputs[0];
  }

  void run(const RunContext& context) const override {
    if (context.inputs[0].dtype == DType::kFloat32)
      move(context, float{});
    else
      move(context, uint8_t{});  // int8 too: bytes
  }

  std::string kernel() const override { return "copy"; }

 private:
  virtual void move(const RunContext& context, float) const = 0;
  virtual void move(const RunContext& context, uint8_t) const = 0;
};

// A kind of movement is written once for all types: `template <class T> void move_elements(context) const`.
template <class Kind>
class MovementOf : public Movement {
  void move(const RunContext& context, float) const override { kind().template move_elements<float>(context); }
  void move(const RunContext& context, uint8_t) const override { kind().template move_elements<uint8_t>(context); }
  const Kind& kind() const { return static_cast<const Kind&>(*this); }
};

class Copy : public MovementOf<Copy> {
 public:
  explicit Copy(const NodeSpec& spec) { expect_arity(spec, 1, 1); }

  std::vector<Shape> infer(const std::vector<Shape>& inputs) const override { return inputs; }

  template <class T>
  void move_elements(const RunContext& context) const {
    const Shape& shape = *context.inputs[0].shape;
    const Strides strides = dense_strides(shape);
    copy_strided(*context.pool, shape, context.inputs[0].elements<T>(), strides, context.outputs[0].elements<T>(), strides);
  }
};

class Transpose : public MovementOf<Transpose> {
 public:
  Transpose(const NodeSpec& spec, Isa isa)
      : permutation_(spec.attributes.integers("perm")), kernels_(transpose_kernels(isa)) {
    expect_arity(spec, 1, 1);
    Shape sorted = permutation_;
    std::sort(sorted.begin(), sorted.end());
    for (size_t axis = 0; axis < sorted.size(); ++axis)
      if (sorted[axis] != static_cast<int64_t>(axis))
        throw Error("perm " + to_string(permutation_) + " does not name each axis once");
  }

  std::vector<Shape> infer(const std::vector<Shape>& inputs) const override {
    if (permutation_.size() != inputs[0].size())
      throw Error("perm " + to_string(permutation_) + " does not fit shape " + to_string(inputs[0]));
    Shape shape;
    for (const int64_t axis : permutation_) shape.push_back(inputs[0][static_cast<size_t>(axis)]);
    return {shape};
  }

  template <class T>
  void move_elements(const RunContext& context) const {
    const Strides from = dense_strides(*context.inputs[0].shape);
    Strides strides{};
    for (size_t axis = 0; axis < permutation_.size(); ++axis)
      strides[axis] = from[static_cast<size_t>(permutation_[axis])];
    const OutputView& y = context.outputs[0];
    copy_transposed(*context.pool, kernels_, *y.shape, context.inputs[0].elements<T>(), strides, y.elements<T>());
  }

  std::string kernel() const override { return std::string("transpose/") + kernels_.name; }

 private:
  Shape permutation_;
  const TransposeKernels& kernels_;
};

class Concat : public MovementOf<Concat> {
 public:
  explicit Concat(const NodeSpec& spec) : inputs_(spec.inputs.size()), axis_(spec.attributes.integer("axis")) {
    expect_arity(spec, std::max<size_t>(inputs_, 1), 1);
  }

  std::vector<Shape> infer(const std::vector<Shape>& inputs) const override {
    const auto axis = static_cast<size_t>(normalized_axis(axis_, inputs[0].size()));
    Shape joined = inputs[0];
    for (size_t i = 1; i < inputs.size(); ++i) {
      Shape same = inputs[i];
      if (same.size() == joined.size()) same[axis] = joined[axis];
      if (same != joined)
        throw Error("shapes " + to_string(inputs[0]) + " and " + to_string(inputs[i]) + " do not join along axis " +
                    std::to_string(axis));
      joined[axis] += inputs[i][axis];
    }
    return {joined};
  }

  template <class T>
  void move_elements(const RunContext& context) const {
    const Strides to = dense_strides(*context.outputs[0].shape);
    const auto axis = static_cast<size_t>(normalized_axis(axis_, context.outputs[0].shape->size()));
    T* y = context.outputs[0].elements<T>();
    for (size_t i = 0; i < inputs_; ++i) {
      const InputView& x = context.inputs[i];
      copy_strided(*context.pool, *x.shape, x.elements<T>(), dense_strides(*x.shape), y, to);
      y += (*x.shape)[axis] * to[axis];
    }
  }

 private:
  size_t inputs_;
  int64_t axis_;
};

class Split : public MovementOf<Split> {
 public:
  explicit Split(const NodeSpec& spec)
      : axis_(spec.attributes.integer("axis")), sizes_(spec.attributes.integers("sizes")) {
    expect_arity(spec, 1, sizes_.size());
    for (const int64_t size : sizes_)
      if (size < 0 || size > kMaxElements) throw Error("sizes " + to_string(sizes_) + " are not sizes");
  }

  std::vector<Shape> infer(const std::vector<Shape>& inputs) const override {
    const auto axis = static_cast<size_t>(normalized_axis(axis_, inputs[0].size()));
    std::vector<Shape> parts;
    int64_t sum = 0;
    for (const int64_t size : sizes_) {
      parts.push_back(inputs[0]);
      parts.back()[axis] = size;
      sum += size;
    }
    if (sum != inputs[0][axis])
      throw Error("sizes " + to_string(sizes_) + " do not add up to axis " + std::to_string(axis) + " of shape " +
                  to_string(inputs[0]));
    return parts;
  }

  template <class T>
  void move_elements(const RunContext& context) const {
    const Strides from = dense_strides(*context.inputs[0].shape);
    const auto axis = static_cast<size_t>(normalized_axis(axis_, context.inputs[0].shape->size()));
    const T* x = context.inputs[0].elements<T>();
    for (size_t i = 0; i < sizes_.size(); ++i) {
      const OutputView& y = context.outputs[i];
      copy_strided(*context.pool, *y.shape, x, from, y.elements<T>(), dense_strides(*y.shape));
      x += sizes_[i] * from[axis];
    }
  }

 private:
  int64_t axis_;
  Shape sizes_;
};

class Slice : public MovementOf<Slice> {
 public:
  explicit Slice(const NodeSpec& spec)
      : axes_(spec.attributes.integers("axes")),
        starts_(spec.attributes.integers("starts")),
        ends_(spec.attributes.integers("ends")),
        steps_(spec.attributes.integers("steps")) {
    expect_arity(spec, 1, 1);
    if (starts_.size() != axes_.size() || ends_.size() != axes_.size() || steps_.size() != axes_.size())
      throw Error("axes, starts, ends and steps must be equally long");
    for (int64_t& step : steps_) {
      if (step == 0) throw Error("a step is 0");
      step = std::clamp(step, -2 * kMaxElements, 2 * kMaxElements);  // beyond any size: the same slice
    }
  }

  std::vector<Shape> infer(const std::vector<Shape>& inputs) const override {
    Shape shape = inputs[0];
    std::vector<bool> named(shape.size(), false);
    for (size_t i = 0; i < axes_.size(); ++i) {
      const auto axis = static_cast<size_t>(normalized_axis(axes_[i], shape.size()));
      if (named[axis]) throw Error("axis " + std::to_string(axis) + " is named twice");
      named[axis] = true;
      shape[axis] = range(i, inputs[0][axis]).size;
    }
    return {shape};
  }

  template <class T>
  void move_elements(const RunContext& context) const {
    const Shape& shape = *context.inputs[0].shape;
    const OutputView& y = context.outputs[0];
    if (count(*y.shape) == 0) return;
    const Strides dense = dense_strides(shape);
    Strides strides = dense;
    const T* x = context.inputs[0].elements<T>();
    for (size_t i = 0; i < axes_.size(); ++i) {
      const auto axis = static_cast<size_t>(normalized_axis(axes_[i], shape.size()));
      x += range(i, shape[axis]).start * dense[axis];
      // A step beyond the only element is never taken; as it is, its product with a stride could overflow.
      strides[axis] = (*y.shape)[axis] == 1 ? 0 : dense[axis] * steps_[i];
    }
    copy_strided(*context.pool, *y.shape, x, strides, y.elements<T>(), dense_strides(*y.shape));
  }

 private:
  struct Range {
    int64_t start;
    int64_t size;
  };

  // ONNX: negative positions count from the end, then both are clamped to the axis.
  Range range(size_t i, int64_t axis_size) const {
    if (axis_size == 0) return {0, 0};
    const int64_t step = steps_[i];
    int64_t start = starts_[i] < 0 ? starts_[i] + axis_size : starts_[i];
    int64_t end = ends_[i] < 0 ? ends_[i] + axis_size : ends_[i];
    start = std::clamp<int64_t>(start, 0, step > 0 ? axis_size : axis_size - 1);
    end = std::clamp<int64_t>(end, step > 0 ? 0 : -1, step > 0 ? axis_size : axis_size - 1);
    const int64_t distance = step > 0 ? end - start : start - end;
    const int64_t size = step > 0 ? step : -step;
    return {start, distance <= 0 ? 0 : (distance + size - 1) / size};
  }

  Shape axes_, starts_, ends_, steps_;
};

template <class Kind>
std::unique_ptr<Operator> make(const NodeSpec& spec, Isa) {
  return std::make_unique<Kind>(spec);
}
template <>
std::unique_ptr<Operator> make<Transpose>(const NodeSpec& spec, Isa isa) {
  return std::make_unique<Transpose>(spec, isa);
}

const RegisterOperator registered[] = {
    {"copy", make<Copy>},   {"transpose", make<Transpose>}, {"concat", make<Concat>},
    {"split", make<Split>}, {"slice", make<Slice>},
};

}  // namespace

}  // namespace plumline
