// pad: constant, reflect, edge or wrap around a tensor; a negative pad crops.

#include <algorithm>
#include <cstring>

#include "core/parallel.h"
#include "operators/common.h"
#include "operators/strides.h"

namespace plumline {

namespace {

enum class Mode { kConstant, kReflect, kEdge, kWrap };

Mode mode_from_name(const std::string& name) {
  if (name == "constant") return Mode::kConstant;
  if (name == "reflect") return Mode::kReflect;
  if (name == "edge") return Mode::kEdge;
  if (name == "wrap") return Mode::kWrap;
  throw Error("unknown pad mode '" + name + "': choose from constant, reflect, edge, wrap");
}

constexpr int64_t kOutside = -1;

// Which element of an axis of `size` stands at `position`, which may be before or after it.
int64_t source(Mode mode, int64_t position, int64_t size) {
  if (position >= 0 && position < size) return position;
  if (mode == Mode::kConstant) return kOutside;
  if (mode == Mode::kEdge) return position < 0 ? 0 : size - 1;
  const int64_t period = mode == Mode::kWrap ? size : std::max<int64_t>(1, 2 * (size - 1));
  const int64_t within = (position % period + period) % period;
  return within < size ? within : period - within;
}

class Pad : public Operator {
 public:
  explicit Pad(const NodeSpec& spec)
      : pads_(spec.attributes.integers("pads")),
        mode_(mode_from_name(spec.attributes.text("mode", "constant"))),
        value_(static_cast<float>(spec.attributes.real("value", 0.0))) {
    expect_arity(spec, 1, 1);
    for (const int64_t pad : pads_)
      if (pad < -kMaxElements || pad > kMaxElements) throw Error("pads " + to_string(pads_) + " are too large");
  }

  std::vector<Shape> infer(const std::vector<Shape>& inputs) const override {
    const size_t rank = inputs[0].size();
    if (pads_.size() != 2 * rank)
      throw Error("pads " + to_string(pads_) + " must be two for each axis of shape " + to_string(inputs[0]));
    Shape shape;
    for (size_t axis = 0; axis < rank; ++axis) {
      shape.push_back(inputs[0][axis] + pads_[axis] + pads_[rank + axis]);
      if (inputs[0][axis] == 0 && shape.back() > 0 && mode_ != Mode::kConstant)
        throw Error("there is nothing to repeat along axis " + std::to_string(axis) + " of shape " +
                    to_string(inputs[0]));
    }
    return {shape};
  }

  // One source index for each position of each axis.
  size_t scratch_bytes(const std::vector<Shape>& inputs, int) const override {
    const Shape shape = infer(inputs)[0];
    if (checked_count(shape) == 0) return 0;
    size_t positions = 0;
    for (const int64_t size : shape) positions += static_cast<size_t>(size);
    return positions * sizeof(int64_t);
  }

  void run(const RunContext& context) const override {
    const Shape& from = *context.inputs[0].shape;
    const Shape& to = *context.outputs[0].shape;
    if (count(to) == 0) return;
    if (to.empty()) {
      context.outputs[0].data[0] = context.inputs[0].data[0];
      return;
    }
    std::array<const int64_t*, kMaxRank> sources{};
    auto* next = reinterpret_cast<int64_t*>(context.scratch);
    for (size_t axis = 0; axis < to.size(); ++axis) {
      sources[axis] = next;
      for (int64_t i = 0; i < to[axis]; ++i) *next++ = source(mode_, i - pads_[axis], from[axis]);
    }
    const int64_t row = to.back();
    const int64_t rows = count(to) / row;
    const Strides strides = dense_strides(from);
    parallel_stretches(*context.pool, rows, std::max<int64_t>(1, kGrain / row), [&](int64_t begin, int64_t end) {
      for (int64_t index = begin; index < end; ++index) {
        const int64_t offset = row_offset(index, to, sources, strides);
        float* y = context.outputs[0].data + index * row;
        if (offset == kOutside)
          std::fill(y, y + row, value_);
        else
          pad_row(context.inputs[0].data + offset, from.back(), y, row, sources[to.size() - 1]);
      }
    });
  }

  std::string kernel() const override { return "copy"; }

 private:
  // Where row `index` of the output begins in the input.
  static int64_t row_offset(int64_t index, const Shape& to, const std::array<const int64_t*, kMaxRank>& sources,
                            const Strides& strides) {
    int64_t offset = 0;
    for (size_t axis = to.size() - 1; axis-- > 0;) {
      const int64_t at = sources[axis][index % to[axis]];
      index /= to[axis];
      if (at == kOutside) return kOutside;
      offset += at * strides[axis];
    }
    return offset;
  }

  void pad_row(const float* x, int64_t size, float* y, int64_t row, const int64_t* sources) const {
    const int64_t before = pads_[pads_.size() / 2 - 1];
    const int64_t begin = std::clamp<int64_t>(before, 0, row);
    const int64_t end = std::clamp<int64_t>(before + size, begin, row);
    const auto pick = [&](int64_t i) { return sources[i] == kOutside ? value_ : x[sources[i]]; };
    for (int64_t i = 0; i < begin; ++i) y[i] = pick(i);
    if (end > begin) std::memcpy(y + begin, x + (begin - before), static_cast<size_t>(end - begin) * sizeof(float));
    for (int64_t i = end; i < row; ++i) y[i] = pick(i);
  }

  Shape pads_;
  Mode mode_;
  float value_;
};

const RegisterOperator registered(
    "pad", [](const NodeSpec& spec, Isa) -> std::unique_ptr<Operator> { return std::make_unique<Pad>(spec); });

}  // namespace

}  // namespace plumline
