// reshape, flatten, squeeze, unsqueeze: the same bytes in another shape.

#include <cstring>

#include "operators/common.h"

namespace plumline {

namespace {

class View : public Operator {
 public:
  explicit View(const NodeSpec& spec) { expect_arity(spec, 1, 1); }

  std::vector<Shape> infer(const std::vector<Shape>& inputs) const override {
    Shape shape = target(inputs[0]);
    if (checked_count(shape) != count(inputs[0]))
      throw Error("cannot show a tensor of shape " + to_string(inputs[0]) + " in shape " + to_string(shape));
    return {shape};
  }

  DType infer_type(const std::vector<DType>& inputs) const override { return inputs[0]; }

  void run(const RunContext& context) const override {
    std::memcpy(context.outputs[0].data, context.inputs[0].data,
                static_cast<size_t>(count(*context.outputs[0].shape)) * size_of(context.inputs[0].dtype));
  }

  bool output_is_view_of_input() const override { return true; }
  std::string kernel() const override { return "view"; }

 private:
  virtual Shape target(const Shape& shape) const = 0;
};

class Reshape : public View {
 public:
  explicit Reshape(const NodeSpec& spec)
      : View(spec), sizes_(spec.attributes.integers("shape")), allow_zero_(spec.attributes.integer("allow_zero", 0)) {}

 private:
  Shape target(const Shape& shape) const override {
    Shape sizes = sizes_;
    size_t inferred = sizes.size();
    for (size_t axis = 0; axis < sizes.size(); ++axis) {
      if (sizes[axis] == 0 && !allow_zero_) {
        if (axis >= shape.size()) throw Error("shape copies axis " + std::to_string(axis) + " of " + to_string(shape));
        sizes[axis] = shape[axis];
      } else if (sizes[axis] == -1) {
        if (inferred != sizes.size()) throw Error("shape " + to_string(sizes_) + " has -1 twice");
        inferred = axis;
        sizes[axis] = 1;
      }
    }
    if (inferred != sizes.size()) {
      const int64_t known = checked_count(sizes);
      if (known == 0 || count(shape) % known)
        throw Error("cannot show a tensor of shape " + to_string(shape) + " in shape " + to_string(sizes_));
      sizes[inferred] = count(shape) / known;
    }
    return sizes;
  }

  Shape sizes_;
  bool allow_zero_;
};

class Flatten : public View {
 public:
  explicit Flatten(const NodeSpec& spec) : View(spec), axis_(spec.attributes.integer("axis", 1)) {}

 private:
  Shape target(const Shape& shape) const override {
    const int64_t rank = static_cast<int64_t>(shape.size());
    const auto axis = static_cast<size_t>(axis_ == rank ? rank : normalized_axis(axis_, shape.size()));
    return {count(shape, 0, axis), count(shape, axis, shape.size())};
  }

  int64_t axis_;
};

// Which of `rank` axes a list names; throws Error for one out of range or named twice.
std::vector<bool> marked(const std::vector<int64_t>& axes, size_t rank) {
  std::vector<bool> marks(rank, false);
  for (const int64_t axis : axes) {
    const auto index = static_cast<size_t>(normalized_axis(axis, rank));
    if (marks[index]) throw Error("axis " + std::to_string(axis) + " is named twice");
    marks[index] = true;
  }
  return marks;
}

class Squeeze : public View {
 public:
  explicit Squeeze(const NodeSpec& spec) : View(spec), axes_(spec.attributes.integers("axes", Shape{})) {}

 private:
  Shape target(const Shape& shape) const override {
    const std::vector<bool> marks = marked(axes_, shape.size());
    Shape kept;
    for (size_t axis = 0; axis < shape.size(); ++axis) {
      if (marks[axis] && shape[axis] != 1)
        throw Error("axis " + std::to_string(axis) + " of shape " + to_string(shape) + " is not of size 1");
      if (!(axes_.empty() ? shape[axis] == 1 : marks[axis])) kept.push_back(shape[axis]);
    }
    return kept;
  }

  std::vector<int64_t> axes_;
};

class Unsqueeze : public View {
 public:
  explicit Unsqueeze(const NodeSpec& spec) : View(spec), axes_(spec.attributes.integers("axes")) {}

 private:
  Shape target(const Shape& shape) const override {
    const std::vector<bool> marks = marked(axes_, shape.size() + axes_.size());
    Shape widened;
    auto next = shape.begin();
    for (const bool mark : marks) widened.push_back(mark ? 1 : *next++);
    return widened;
  }

  std::vector<int64_t> axes_;
};

template <class Kind>
std::unique_ptr<Operator> make(const NodeSpec& spec, Isa) {
  return std::make_unique<Kind>(spec);
}

const RegisterOperator registered[] = {
    {"reshape", make<Reshape>},
    {"flatten", make<Flatten>},
    {"squeeze", make<Squeeze>},
    {"unsqueeze", make<Unsqueeze>},
};

}  // namespace

}  // namespace plumline
