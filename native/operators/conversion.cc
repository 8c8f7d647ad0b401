// The steps between layouts: see Layout.

#include "kernels/sub_images/sub_images.h"
#include "operators/common.h"

namespace plumline {
namespace {

Images images_of(const Shape& shape) {
  return {shape[0], shape[1], shape.size() == 4 ? shape[2] : 1, shape.back()};
}

class Conversion : public Operator {
 public:
  Conversion(Layout to, Isa isa) : to_(to), kernels_(sub_images_kernels(isa)) {}

  std::vector<Shape> infer(const std::vector<Shape>& inputs) const override { return inputs; }

  double cycles(const std::vector<Shape>& inputs) const override { return static_cast<double>(count(inputs[0])); }

  void run(const RunContext& context) const override {
    const Shape& shape = *context.outputs[0].shape;
    const Images images = images_of(shape);
    const SubImages cut = cut_images(shape);
    const float* from = context.inputs[0].data;
    float* to = context.outputs[0].data;
    const auto convert = to_ == Layout::kInterleaved ? kernels_.to_sub_images : kernels_.to_images;
    context.pool->parallel_for(cut.blocks * cut.height, [&](int64_t index, int) {
      convert(images, cut, index / cut.height, index % cut.height, from, to);
    });
  }

  std::string kernel() const override { return std::string("sub_images/") + kernels_.name; }

 private:
  Layout to_;
  const SubImagesKernels& kernels_;
};

}  // namespace

std::unique_ptr<Operator> make_conversion(Layout to, Isa isa) { return std::make_unique<Conversion>(to, isa); }

}  // namespace plumline
