// reduce_mean: the mean over some axes, or over all.

#include <algorithm>
#include <cmath>

#include "core/parallel.h"
#include "kernels/reduce/reduce.h"
#include "operators/common.h"
#include "operators/strides.h"

namespace plumline {

namespace {

class ReduceMean : public Operator {
 public:
  ReduceMean(const NodeSpec& spec, Isa isa)
      : axes_(spec.attributes.integers("axes", Shape{})),
        keep_(spec.attributes.integer("keepdims", 1)),
        kernels_(reduce_kernels(isa)) {
    expect_arity(spec, 1, 1);
    if (axes_.size() > kMaxRank) throw Error("axes " + to_string(axes_) + " are too many");
  }

  std::vector<Shape> infer(const std::vector<Shape>& inputs) const override {
    const Shape& shape = inputs[0];
    for (const int64_t axis : axes_) normalized_axis(axis, shape.size());
    Shape kept;
    for (size_t axis = 0; axis < shape.size(); ++axis) {
      if (!reduces(axis, shape.size()))
        kept.push_back(shape[axis]);
      else if (keep_)
        kept.push_back(1);
    }
    return {kept};
  }

  void run(const RunContext& context) const override {
    const InputView& x = context.inputs[0];
    const OutputView& y = context.outputs[0];
    const int64_t results = count(*y.shape);
    if (results == 0) return;
    const int64_t elements = count(*x.shape);
    if (elements == 0) {
      std::fill(y.data, y.data + results, NAN);
      return;
    }
    const Groups groups = split(*x.shape);
    const float size = static_cast<float>(elements / results);
    // A row of `width` results at a time: one if the last axis is reduced, otherwise those along the last axes.
    const int64_t width = groups.inner_reduced ? 1 : groups.inner;
    const int64_t grain = std::max<int64_t>(1, kGrain / (elements / results * width));
    parallel_stretches(*context.pool, results / width, grain, [&](int64_t begin, int64_t end) {
      if (groups.inner_reduced && groups.reduced.rows() == 1)
        return kernels_.means(x.data + begin * groups.inner, y.data + begin, end - begin, groups.inner);
      groups.kept.visit(begin, end, [&](int64_t row, const Offsets<1>& at) {
        float* to = y.data + row * width;
        std::fill(to, to + width, 0.0f);
        groups.inner_reduced ? add_sums(groups, x.data + at[0], to) : add_rows(groups, x.data + at[0], to);
        kernels_.divide(to, size, width);
      });
    });
  }

  std::string kernel() const override { return std::string("reduce/") + kernels_.name; }

 private:
  // The axes in three parts: the last ones of one sort, which lie close together, and the others of either sort.
  struct Groups {
    bool inner_reduced;
    int64_t inner;
    Walk<1> kept;
    Walk<1> reduced;
  };

  void add_sums(const Groups& groups, const float* x, float* to) const {
    groups.reduced.visit(0, groups.reduced.rows(),
                         [&](int64_t, const Offsets<1>& from) { *to += kernels_.sum(x + from[0], groups.inner); });
  }

  // Several rows at a time, so that the sums are not loaded and stored for each.
  void add_rows(const Groups& groups, const float* x, float* to) const {
    const float* rows[kReduceRows];
    int64_t count = 0;
    groups.reduced.visit(0, groups.reduced.rows(), [&](int64_t row, const Offsets<1>& from) {
      rows[count++] = x + from[0];
      if (count < kReduceRows && row + 1 < groups.reduced.rows()) return;
      kernels_.accumulate(rows, count, to, groups.inner);
      count = 0;
    });
  }

  bool reduces(size_t axis, size_t rank) const {
    if (axes_.empty()) return true;
    return std::any_of(axes_.begin(), axes_.end(), [&](int64_t named) {
      return (named < 0 ? named + static_cast<int64_t>(rank) : named) == static_cast<int64_t>(axis);
    });
  }

  // Sizes on the stack: a Shape would allocate, and run() may not.
  Groups split(const Shape& shape) const {
    const size_t rank = shape.size();
    const Strides strides = dense_strides(shape);
    Groups groups{true, 1, {}, {}};
    size_t inner = rank;  // axes from here on are the last part
    while (inner > 0 && shape[inner - 1] == 1) --inner;
    if (inner > 0) groups.inner_reduced = reduces(inner - 1, rank);
    while (inner > 0 && (shape[inner - 1] == 1 || reduces(inner - 1, rank) == groups.inner_reduced)) {
      groups.inner *= shape[inner - 1];
      --inner;
    }
    for (size_t axis = 0; axis < inner; ++axis)
      (reduces(axis, rank) ? groups.reduced : groups.kept).add_axis(shape[axis], {strides[axis]});
    groups.kept.finish_rows();
    groups.reduced.finish_rows();
    return groups;
  }

  Shape axes_;
  bool keep_;
  const ReduceKernels& kernels_;
};

const RegisterOperator registered("reduce_mean", [](const NodeSpec& spec, Isa isa) -> std::unique_ptr<Operator> {
  return std::make_unique<ReduceMean>(spec, isa);
});

}  // namespace

}  // namespace plumline
