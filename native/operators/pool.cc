// max_pool, average_pool over (N,C,L) and (N,C,H,W), as ONNX defines them.

#include <algorithm>

#include "core/aligned.h"
#include "core/parallel.h"
#include "kernels/pool/pool.h"
#include "operators/common.h"

namespace plumline {

namespace {

// No tensor comes near it, and every product and sum of a few of these and of sizes fits int64_t.
constexpr int64_t kMaxParameter = int64_t{1} << 28;
constexpr int64_t kMaxPad = int64_t{1} << 20;  // scratch holds a row with its padding

class Pool : public Operator {
 public:
  Pool(const NodeSpec& spec, Isa isa, bool average)
      : average_(average),
        kernel_(spec.attributes.integers("kernel")),
        strides_(spec.attributes.integers("strides", Shape(kernel_.size(), 1))),
        dilations_(spec.attributes.integers("dilations", Shape(kernel_.size(), 1))),
        pads_(spec.attributes.integers("pads", Shape(2 * kernel_.size(), 0))),
        ceil_(spec.attributes.integer("ceil_mode", 0)),
        count_padding_(average && spec.attributes.integer("count_include_pad", 0)),
        kernels_(pool_kernels(isa)) {
    expect_arity(spec, 1, 1);
    const size_t rank = kernel_.size();
    if (rank != 1 && rank != 2) throw Error("kernel " + to_string(kernel_) + " must have one or two sizes");
    check("strides", strides_, rank, 1, kMaxParameter);
    check("dilations", dilations_, rank, 1, kMaxParameter);
    check("kernel", kernel_, rank, 1, kMaxParameter);
    check("pads", pads_, 2 * rank, 0, kMaxPad);
    for (size_t i = 0; i < rank; ++i)
      if (std::max(pads_[i], pads_[rank + i]) > (kernel_[i] - 1) * dilations_[i])
        throw Error("pads " + to_string(pads_) + " must be smaller than the kernel " + to_string(kernel_));
  }

  std::vector<Shape> infer(const std::vector<Shape>& inputs) const override {
    const Shape& x = inputs[0];
    if (x.size() != kernel_.size() + 2)
      throw Error("x of shape " + to_string(x) + " does not fit kernel " + to_string(kernel_));
    Shape shape = {x[0], x[1]};
    for (size_t i = 0; i < kernel_.size(); ++i) {
      const PoolAxis axis = along(i, x);
      if (axis.windows < 1)
        throw Error("the kernel " + to_string(kernel_) + " is larger than the padded x of shape " + to_string(x));
      shape.push_back(axis.windows);
    }
    return {shape};
  }

  size_t scratch_bytes(const std::vector<Shape>& inputs, int threads) const override {
    const PoolAxis columns = along(kernel_.size() - 1, inputs[0]);
    return share_bytes(columns) + static_cast<size_t>(threads) * work_bytes(columns);
  }

  void run(const RunContext& context) const override {
    const Shape& x = *context.inputs[0].shape;
    const int64_t planes = x[0] * x[1];
    const PoolAxis one = {1, 1, 1, 0, 0, 1, 1};
    const bool flat = kernel_.size() == 1;
    const PoolAxis columns = along(kernel_.size() - 1, x);
    float* shares = reinterpret_cast<float*>(context.scratch);
    for (int64_t i = 0; average_ && i < columns.windows; ++i) shares[i] = share_of(columns, i, count_padding_);
    const PoolWindow window = {flat ? one : along(0, x), columns, count_padding_, shares};
    const int64_t from = window.rows.size * window.columns.size;
    const int64_t to = window.rows.windows * window.columns.windows;
    const int64_t group = std::max<int64_t>(1, kGrain / std::max<int64_t>(1, from + to));
    context.pool->parallel_for((planes + group - 1) / group, [&](int64_t job, int worker) {
      std::byte* work = context.scratch + share_bytes(columns) + static_cast<size_t>(worker) * work_bytes(columns);
      for (int64_t plane = job * group; plane < std::min(planes, (job + 1) * group); ++plane)
        run_plane(window, context.inputs[0], plane * from, context.outputs[0], plane * to, work);
    });
  }

  // The largest of some 8-bit numbers is that of the numbers that they stand for; their average is not an 8-bit number.
  DType infer_type(const std::vector<DType>& inputs) const override {
    return average_ ? Operator::infer_type(inputs) : inputs[0];
  }

  std::string kernel() const override { return std::string("pool/") + kernels_.name; }

 private:
  void run_plane(const PoolWindow& window, const InputView& x, int64_t from, const OutputView& y, int64_t to,
                 std::byte* work) const {
    const auto run = [&](auto max_or_mean, auto element) {
      using Element = decltype(element);
      max_or_mean(window, x.elements<Element>() + from, y.elements<Element>() + to, reinterpret_cast<Element*>(work));
    };
    if (x.dtype == DType::kUInt8) return run(kernels_.max_uint8, uint8_t{});
    if (x.dtype == DType::kInt8) return run(kernels_.max_int8, int8_t{});
    run(average_ ? kernels_.average : kernels_.max, float{});
  }

  static void check(const char* key, const Shape& values, size_t n, int64_t least, int64_t most) {
    if (values.size() != n) throw Error(std::string(key) + " must have " + std::to_string(n) + " numbers");
    for (const int64_t value : values)
      if (value < least || value > most)
        throw Error(std::string(key) + " " + to_string(values) + " must be at least " + std::to_string(least) +
                    " and at most " + std::to_string(most));
  }

  static size_t work_bytes(const PoolAxis& columns) {
    return align_up(static_cast<size_t>(PoolLine(columns).work()) * sizeof(float));
  }

  size_t share_bytes(const PoolAxis& columns) const {
    return average_ ? align_up(static_cast<size_t>(columns.windows) * sizeof(float)) : 0;
  }

  PoolAxis along(size_t i, const Shape& x) const {
    const size_t rank = kernel_.size();
    PoolAxis axis = {kernel_[i], strides_[i], dilations_[i], pads_[i], pads_[rank + i], x[2 + i], 0};
    const int64_t room = axis.size + axis.pad_begin + axis.pad_end - ((axis.kernel - 1) * axis.dilation + 1);
    if (axis.size == 0 || room < 0) return axis;
    axis.windows = (ceil_ ? room + axis.stride - 1 : room) / axis.stride + 1;
    // Rounding up may add a window that begins in the padding after the end; ONNX drops it.
    if (ceil_ && start_of(axis, axis.windows - 1) >= axis.size) --axis.windows;
    return axis;
  }

  bool average_;
  Shape kernel_, strides_, dilations_, pads_;
  bool ceil_, count_padding_;
  const PoolKernels& kernels_;
};

template <bool average>
std::unique_ptr<Operator> make(const NodeSpec& spec, Isa isa) {
  return std::make_unique<Pool>(spec, isa, average);
}

const RegisterOperator registered[] = {{"max_pool", make<false>}, {"average_pool", make<true>}};

}  // namespace

}  // namespace plumline
