// conv: a convolution over one or two axes, with what follows it fused (see fused.h).

#include <optional>

#include "kernels/conv/choice.h"
#include "operators/fused.h"

namespace plumline {

namespace {

constexpr int64_t kMaxSize = 1 << 20;  // of a kernel, stride, dilation or padding

// Numbers of a list attribute, one for each of `axes` axes; a 1-D convolution is a 2-D one of height 1, for which
// `height` is put in front.
std::vector<int64_t> per_axis(const NodeSpec& spec, const char* key, size_t axes, int64_t smallest, int64_t height) {
  std::vector<int64_t> values = spec.attributes.integers(key);
  if (values.size() != axes)
    throw Error(std::string(key) + " must have " + std::to_string(axes) + " numbers, not " +
                std::to_string(values.size()));
  for (const int64_t value : values) {
    if (value < smallest || value > kMaxSize)
      throw Error(std::string(key) + " has " + std::to_string(value) + ", must be from " + std::to_string(smallest) +
                  " to " + std::to_string(kMaxSize));
  }
  if (values.size() == 1) values.insert(values.begin(), height);
  return values;
}

// {top, left, bottom, right}
std::vector<int64_t> parse_pads(const NodeSpec& spec, size_t spatial) {
  const std::vector<int64_t> pads = per_axis(spec, "pads", 2 * spatial, 0, 0);
  return spatial == 2 ? pads : std::vector<int64_t>{0, pads[0], 0, pads[1]};
}

// Whether the matrix, dense, stays in proportion to what the file holds, however hostile it is.
bool may_expand(const Weights& weights) {
  return weights.filters * weights.columns <= (int64_t{1} << 22) + 64 * weights.stored();
}

ConvMethods methods_of(const Weights& weights, const Taps& taps, Isa isa) {
  ConvMethods methods;
  if (isa == Isa::kReference) {
    methods.push_back(make_reference(weights));
    return methods;
  }
  // With more filters a channel, a panel of pixels that several filters share is faster.
  if (may_expand(weights) && taps.channels == 1 && weights.filters / taps.groups <= 4) {
    methods.push_back(make_depthwise(weights, isa));
    return methods;
  }
  if (auto limbs = make_limbs(weights, taps, isa)) methods.push_back(std::move(limbs));
  if (weights.form != WeightForm::kPlanes) {
    const bool sparse = weights.form == WeightForm::kSparse;
    if (sparse) methods.push_back(make_sparse(weights, taps, isa));
    if (!sparse || weights.density() > 0.5) methods.push_back(make_dense(weights, taps, isa));  // below, it never pays
    return methods;
  }
  if (auto merge = make_merge(weights, taps, isa)) methods.push_back(std::move(merge));
  methods.push_back(make_shared_tables(weights, taps, isa));
  if (may_expand(weights) && !tables_pay(weights, taps, isa))
    methods.push_back(make_dense(weights, taps, isa));
  else
    methods.push_back(make_planes(weights, taps, isa));
  return methods;
}

class Conv : public Operator {
 public:
  Conv(const NodeSpec& spec, Isa isa, const Weights& weights)
      : spatial_(spec.attributes.integers("kernel").size()),
        kernel_size_(per_axis(spec, "kernel", check_spatial(spatial_), 1, 1)),
        strides_(per_axis(spec, "strides", spatial_, 1, 1)),
        dilations_(per_axis(spec, "dilations", spatial_, 1, 1)),
        pads_(parse_pads(spec, spatial_)),
        groups_(spec.attributes.integer("groups")),
        filters_(weights.filters),
        channels_(weights.columns / (kernel_size_[0] * kernel_size_[1])),
        fused_(spec, filters_) {
    if (groups_ < 1 || filters_ % groups_ != 0)
      throw Error("groups is " + std::to_string(groups_) + ", must divide filters, " + std::to_string(filters_));
    const int64_t taps = kernel_size_[0] * kernel_size_[1];
    if (channels_ * taps != weights.columns)
      throw Error("columns is " + std::to_string(weights.columns) + ", must be a multiple of the kernel's size " +
                  std::to_string(taps));
    checked_count({channels_, groups_});
    choice_.emplace(methods_of(weights, {groups_, channels_, taps, kernel_size_[1]}, isa), isa,
                    spec.attributes.text("tuned", ""));
  }

  std::vector<Shape> infer(const std::vector<Shape>& inputs) const override {
    const Window w = window(inputs[0]);
    Shape output = {w.batch, filters_, w.out_height, w.out_width};
    if (spatial_ == 1) output.erase(output.begin() + 2);
    checked_count(output);
    fused_.check_residual(inputs, output);
    return {output};
  }

  size_t scratch_bytes(const std::vector<Shape>& inputs, int threads) const override {
    return method(inputs[0]).scratch_bytes(window(inputs[0]), threads);
  }

  bool makes_sub_images(const std::vector<Shape>& inputs) const override {
    return method(inputs[0]).makes_sub_images(window(inputs[0]));
  }
  Layout input_layout(const std::vector<Shape>& inputs, size_t input, Layout output) const override {
    if (input == 1) return output;  // the residual
    return method(inputs[0]).takes_sub_images(window(inputs[0])) ? Layout::kInterleaved : Layout::kRowMajor;
  }

  void run(const RunContext& context) const override {
    Window w = window(*context.inputs[0].shape);
    w.input_sub_images = context.inputs[0].layout == Layout::kInterleaved;
    w.output_sub_images = context.outputs[0].layout == Layout::kInterleaved;
    method(*context.inputs[0].shape)
        .run(w, context.inputs[0].data, fused_.finish(context), context.scratch, *context.pool);
  }

  std::string kernel() const override { return choice_->names(); }
  std::string kernel_for(const std::vector<Shape>& inputs) const override { return method(inputs[0]).name(); }
  std::vector<Candidate> candidates(const std::vector<Shape>& inputs) const override {
    return choice_->candidates(window(inputs[0]));
  }
  std::string reason_for(const std::vector<Shape>& inputs) const override {
    return choice_->reason(inputs[0], window(inputs[0]));
  }

 private:
  static size_t check_spatial(size_t spatial) {
    if (spatial != 1 && spatial != 2)
      throw Error("kernel has " + std::to_string(spatial) + " numbers: only 1-D and 2-D convolutions are supported");
    return spatial;
  }

  const ConvMethod& method(const Shape& x) const { return choice_->at(x, window(x)); }

  // Allocates nothing and does not throw for a shape that infer() accepted.
  Window window(const Shape& x) const {
    if (x.size() != spatial_ + 2)
      throw Error("the input has shape " + to_string(x) + ", must have " + std::to_string(spatial_ + 2) + " axes");
    if (x[1] != groups_ * channels_)
      throw Error("the input has shape " + to_string(x) + ", must have " + std::to_string(groups_ * channels_) +
                  " channels");
    Window w{};
    w.batch = x[0];
    w.groups = groups_;
    w.channels = channels_;
    w.filters = filters_ / groups_;
    w.height = spatial_ == 2 ? x[2] : 1;
    w.width = x.back();
    if (w.batch < 1 || w.height < 1 || w.width < 1) throw Error("the input has shape " + to_string(x) + ", is empty");
    w.kernel_height = kernel_size_[0];
    w.kernel_width = kernel_size_[1];
    w.dilation_height = dilations_[0];
    w.dilation_width = dilations_[1];
    w.pad_top = pads_[0];
    w.pad_left = pads_[1];
    const int64_t down = w.height + pads_[0] + pads_[2] - (w.kernel_height - 1) * w.dilation_height - 1;
    const int64_t across = w.width + pads_[1] + pads_[3] - (w.kernel_width - 1) * w.dilation_width - 1;
    if (down < 0 || across < 0)
      throw Error("the input has shape " + to_string(x) + ", is smaller than the kernel even with its padding");
    w.out_height = down / strides_[0] + 1;
    w.out_width = across / strides_[1] + 1;
    // A stride that is never taken counts as 1: it cannot make room for itself in scratch.
    w.stride_height = w.out_height == 1 ? 1 : strides_[0];
    w.stride_width = w.out_width == 1 ? 1 : strides_[1];
    return w;
  }

  size_t spatial_;
  std::vector<int64_t> kernel_size_, strides_, dilations_, pads_;
  int64_t groups_;
  int64_t filters_;
  int64_t channels_;  // of a group
  Fused fused_;
  std::optional<MethodChoice> choice_;  // once the sizes are checked
};

const RegisterOperator registered("conv", [](const NodeSpec& spec, Isa isa) -> std::unique_ptr<Operator> {
  return std::make_unique<Conv>(spec, isa, parse_weights(spec));
});

}  // namespace

}  // namespace plumline
