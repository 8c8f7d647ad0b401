// The steps between layouts: see Layout.

#include "core/aligned.h"
#include "kernels/code_images/code_images.h"
#include "kernels/sub_images/sub_images.h"
#include "operators/common.h"

namespace plumline {
namespace {

Images images_of(const Shape& shape) {
  return {shape[0], shape[1], shape.size() == 4 ? shape[2] : 1, shape.back()};
}

class Conversion : public Operator {
 public:
  Conversion(Layout to, Isa isa) : to_(to), kernels_(sub_images_kernels(isa)), codes_(code_images_kernels(isa)) {}

  std::vector<Shape> infer(const std::vector<Shape>& inputs) const override { return inputs; }

  double cycles(const std::vector<Shape>& inputs) const override { return static_cast<double>(count(inputs[0])); }

  // Codes want a line to turn columns in.
  size_t scratch_bytes(const std::vector<Shape>& inputs, int threads) const override {
    return static_cast<size_t>(threads) * work_bytes(inputs[0]);
  }

  void run(const RunContext& context) const override {
    if (context.inputs[0].dtype == DType::kFloat32)
      convert_numbers(context);
    else
      convert_codes(context);
  }

  std::string kernel() const override { return std::string("sub_images/") + kernels_.name; }

 private:
  static size_t work_bytes(const Shape& shape) {
    return align_up(static_cast<size_t>(code_line_bytes(cut_images(shape, kCodeSubImages))));
  }

  void convert_numbers(const RunContext& context) const {
    const Shape& shape = *context.outputs[0].shape;
    const Images images = images_of(shape);
    const SubImages cut = cut_images(shape, kSubImages);
    const float* from = context.inputs[0].data;
    float* to = context.outputs[0].data;
    const auto convert = to_ == Layout::kInterleaved ? kernels_.to_sub_images : kernels_.to_images;
    context.pool->parallel_for(cut.blocks * cut.height, [&](int64_t index, int) {
      convert(images, cut, index / cut.height, index % cut.height, from, to);
    });
  }

  void convert_codes(const RunContext& context) const {
    const Shape& shape = *context.outputs[0].shape;
    const Images images = images_of(shape);
    const SubImages cut = cut_images(shape, kCodeSubImages);
    const size_t work_size = work_bytes(shape);
    const uint8_t* from = context.inputs[0].elements<uint8_t>();
    uint8_t* to = context.outputs[0].elements<uint8_t>();
    const auto convert = to_ == Layout::kInterleaved ? codes_.to_sub_images : codes_.to_images;
    context.pool->parallel_for(cut.blocks * cut.height, [&](int64_t index, int worker) {
      uint8_t* work = reinterpret_cast<uint8_t*>(context.scratch + static_cast<size_t>(worker) * work_size);
      convert(images, cut, index / cut.height, index % cut.height, from, to, work);
    });
  }

  Layout to_;
  const SubImagesKernels& kernels_;
  const CodeImagesKernels& codes_;
};

}  // namespace

std::unique_ptr<Operator> make_conversion(Layout to, Isa isa) { return std::make_unique<Conversion>(to, isa); }

}  // namespace plumline
