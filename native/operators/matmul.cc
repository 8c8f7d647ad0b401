// matmul by the rules of numpy: leading axes are batches that broadcast; a vector is a row or a column for the time.

#include <algorithm>

#include "core/parallel.h"
#include "kernels/matmul/matmul.h"
#include "operators/common.h"
#include "operators/strides.h"

namespace plumline {

namespace {

// The part of c that one job makes: enough work to hand out, and its part of b stays in the cache.
constexpr int64_t kBlockRows = 64;
constexpr int64_t kBlockColumns = 256;

int64_t blocks_of(int64_t n, int64_t block) { return (n + block - 1) / block; }

class Matmul : public Operator {
 public:
  Matmul(const NodeSpec& spec, Isa isa) : kernels_(matmul_kernels(isa)) { expect_arity(spec, 2, 1); }

  std::vector<Shape> infer(const std::vector<Shape>& inputs) const override {
    const Shape& a = inputs[0];
    const Shape& b = inputs[1];
    if (a.empty() || b.empty()) throw Error("a single number is not a matrix");
    const int64_t rows_of_b = b.size() == 1 ? b[0] : b[b.size() - 2];
    if (a.back() != rows_of_b) throw Error("shapes " + to_string(a) + " and " + to_string(b) + " do not multiply");
    Shape shape = broadcast(batches(a), batches(b));
    if (a.size() > 1) shape.push_back(a[a.size() - 2]);
    if (b.size() > 1) shape.push_back(b.back());
    return {shape};
  }

  void run(const RunContext& context) const override {
    const Shape& a = *context.inputs[0].shape;
    const Shape& b = *context.inputs[1].shape;
    const Shape& y = *context.outputs[0].shape;
    if (count(y) == 0) return;
    const int64_t m = a.size() == 1 ? 1 : a[a.size() - 2];
    const int64_t k = a.back();
    const int64_t n = b.size() == 1 ? 1 : b.back();
    const size_t batch_rank = y.size() - (a.size() > 1) - (b.size() > 1);
    const Strides a_strides = batch_strides(a, batch_rank, m * k);
    const Strides b_strides = batch_strides(b, batch_rank, k * n);
    const int64_t row_blocks = blocks_of(m, kBlockRows);
    const int64_t column_blocks = blocks_of(n, kBlockColumns);
    const int64_t jobs = count(y, 0, batch_rank) * row_blocks * column_blocks;
    const int64_t work = std::min(m, kBlockRows) * std::min(n, kBlockColumns) * std::max<int64_t>(k, 1);
    parallel_stretches(*context.pool, jobs, std::max<int64_t>(1, kGrain / work), [&](int64_t begin, int64_t end) {
      for (int64_t job = begin; job < end; ++job) {
        const int64_t row = job % row_blocks * kBlockRows;
        const int64_t column = job / row_blocks % column_blocks * kBlockColumns;
        const int64_t batch = job / row_blocks / column_blocks;
        const int64_t rows = std::min(kBlockRows, m - row);
        const Matrix left = {context.inputs[0].data + offset(batch, y, batch_rank, a_strides) + row * k, k};
        const float* right = context.inputs[1].data + offset(batch, y, batch_rank, b_strides) + column;
        float* to = context.outputs[0].data + batch * m * n + row * n + column;
        if (n == 1)
          kernels_.multiply_vector(rows, k, left, right, to);
        else
          kernels_.multiply(rows, std::min(kBlockColumns, n - column), k, left, {right, n}, to, n);
      }
    });
  }

  std::string kernel() const override { return std::string("matmul/") + kernels_.name; }

 private:
  static Shape batches(const Shape& shape) {
    return shape.size() > 2 ? Shape(shape.begin(), shape.end() - 2) : Shape{};
  }

  // Between neighbouring matrices along each batch axis of the result; 0 where one matrix stands for all.
  static Strides batch_strides(const Shape& shape, size_t batch_rank, int64_t matrix) {
    Strides strides{};
    int64_t step = matrix;
    const size_t own = shape.size() > 2 ? shape.size() - 2 : 0;
    for (size_t i = 0; i < own; ++i) {
      const size_t axis = own - 1 - i;
      strides[batch_rank - 1 - i] = shape[axis] == 1 ? 0 : step;
      step *= shape[axis];
    }
    return strides;
  }

  static int64_t offset(int64_t batch, const Shape& shape, size_t batch_rank, const Strides& strides) {
    int64_t sum = 0;
    for (size_t axis = batch_rank; axis-- > 0;) {
      sum += batch % shape[axis] * strides[axis];
      batch /= shape[axis];
    }
    return sum;
  }

  const MatmulKernels& kernels_;
};

const RegisterOperator registered("matmul", [](const NodeSpec& spec, Isa isa) -> std::unique_ptr<Operator> {
  return std::make_unique<Matmul>(spec, isa);
});

}  // namespace

}  // namespace plumline
