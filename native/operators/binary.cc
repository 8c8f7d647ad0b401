// add, sub, mul, div, prelu: two operands, broadcast against each other as in numpy (prelu: the slope to x).

#include "core/parallel.h"
#include "kernels/elementwise/elementwise.h"
#include "operators/common.h"
#include "operators/strides.h"

namespace plumline {

namespace {

class BinaryOperator : public Operator {
 public:
  BinaryOperator(const NodeSpec& spec, Isa isa, BinaryKind kind) : kind_(kind), kernels_(elementwise_kernels(isa)) {
    expect_arity(spec, 2, 1);
  }

  std::vector<Shape> infer(const std::vector<Shape>& inputs) const override {
    Shape shape = broadcast(inputs[0], inputs[1]);
    if (kind_ == BinaryKind::kPrelu && shape != inputs[0])
      throw Error("slope of shape " + to_string(inputs[1]) + " does not broadcast to x of shape " +
                  to_string(inputs[0]));
    return {shape};
  }

  void run(const RunContext& context) const override {
    const InputView& a = context.inputs[0];
    const InputView& b = context.inputs[1];
    const OutputView& y = context.outputs[0];
    if (count(*y.shape) == 0) return;
    // Joined axes leave one long row for equal shapes and for a single number, one row a channel for (C,1,1).
    const Walk<2> walk(*y.shape, {broadcast_strides(*a.shape, *y.shape), broadcast_strides(*b.shape, *y.shape)});
    const int64_t row = walk.row_size();
    const int64_t a_step = walk.row_stride(0);
    const int64_t b_step = walk.row_stride(1);
    if (walk.rows() == 1) {
      parallel_stretches(*context.pool, row, kGrain, [&](int64_t begin, int64_t end) {
        kernels_.binary(kind_, a.data + a_step * begin, a_step, b.data + b_step * begin, b_step, y.data + begin,
                        end - begin);
      });
      return;
    }
    parallel_stretches(*context.pool, walk.rows(), std::max<int64_t>(1, kGrain / row), [&](int64_t begin, int64_t end) {
      walk.visit(begin, end, [&](int64_t index, const Offsets<2>& at) {
        kernels_.binary(kind_, a.data + at[0], a_step, b.data + at[1], b_step, y.data + index * row, row);
      });
    });
  }

  std::string kernel() const override { return std::string("elementwise/") + kernels_.name; }

 private:
  BinaryKind kind_;
  const ElementwiseKernels& kernels_;
};

template <BinaryKind kind>
std::unique_ptr<Operator> make(const NodeSpec& spec, Isa isa) {
  return std::make_unique<BinaryOperator>(spec, isa, kind);
}

const RegisterOperator registered[] = {
    {"add", make<BinaryKind::kAdd>}, {"sub", make<BinaryKind::kSub>},     {"mul", make<BinaryKind::kMul>},
    {"div", make<BinaryKind::kDiv>}, {"prelu", make<BinaryKind::kPrelu>},
};

}  // namespace

}  // namespace plumline
