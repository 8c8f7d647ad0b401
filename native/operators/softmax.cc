// softmax along one axis.

#include "core/parallel.h"
#include "kernels/softmax/softmax.h"
#include "operators/common.h"

namespace plumline {

namespace {

class Softmax : public Operator {
 public:
  Softmax(const NodeSpec& spec, Isa isa)
      : axis_(spec.attributes.integer("axis", -1)), kernels_(softmax_kernels(isa)) {
    expect_arity(spec, 1, 1);
  }

  std::vector<Shape> infer(const std::vector<Shape>& inputs) const override {
    normalized_axis(axis_, inputs[0].size());
    return inputs;
  }

  void run(const RunContext& context) const override {
    const Shape& shape = *context.inputs[0].shape;
    const float* x = context.inputs[0].data;
    float* y = context.outputs[0].data;
    if (count(shape) == 0) return;
    const auto axis = static_cast<size_t>(normalized_axis(axis_, shape.size()));
    const int64_t outer = count(shape, 0, axis);
    const int64_t n = shape[axis];
    const int64_t inner = count(shape, axis + 1, shape.size());
    if (inner == 1) {
      parallel_stretches(*context.pool, outer, std::max<int64_t>(1, kGrain / 8 / n), [&](int64_t begin, int64_t end) {
        kernels_.rows(x + begin * n, y + begin * n, end - begin, n);
      });
      return;
    }
    const int64_t blocks = (inner + kSoftmaxColumns - 1) / kSoftmaxColumns;
    context.pool->parallel_for(outer * blocks, [&](int64_t job, int) {
      const int64_t begin = job % blocks * kSoftmaxColumns;
      const int64_t offset = job / blocks * n * inner + begin;
      kernels_.columns(x + offset, y + offset, n, inner, std::min(kSoftmaxColumns, inner - begin));
    });
  }

  std::string kernel() const override { return std::string("softmax/") + kernels_.name; }

 private:
  int64_t axis_;
  const SoftmaxKernels& kernels_;
};

const RegisterOperator registered("softmax", [](const NodeSpec& spec, Isa isa) -> std::unique_ptr<Operator> {
  return std::make_unique<Softmax>(spec, isa);
});

}  // namespace

}  // namespace plumline
