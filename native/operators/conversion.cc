// The steps between layouts: see Layout.

#include <algorithm>

#include "core/aligned.h"
#include "kernels/code_images/code_images.h"
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

  size_t scratch_bytes(const std::vector<Shape>& inputs, int threads) const override {
    return static_cast<size_t>(threads) * std::max(work_bytes<float>(inputs[0]), work_bytes<uint8_t>(inputs[0]));
  }

  void run(const RunContext& context) const override {
    const bool to_sub_images = to_ == Layout::kInterleaved;
    if (context.inputs[0].dtype == DType::kFloat32)
      convert<float>(context, to_sub_images ? kernels_.to_sub_images : kernels_.to_images);
    else
      convert<uint8_t>(context, to_sub_images ? codes_.to_sub_images : codes_.to_images);
  }

  std::string kernel() const override { return std::string("sub_images/") + kernels_.name; }

 private:
  template <class Element>
  static constexpr int64_t count = sizeof(Element) == 1 ? kCodeSubImages : kSubImages;

  template <class Element, class Kernel>
  static void convert(const RunContext& context, Kernel kernel) {
    const Shape& shape = *context.outputs[0].shape;
    const Images images = images_of(shape);
    const SubImages cut = cut_images(shape, count<Element>);
    const size_t work_size = work_bytes<Element>(shape);
    const Element* from = context.inputs[0].elements<Element>();
    Element* to = context.outputs[0].elements<Element>();
    context.pool->parallel_for(cut.blocks * cut.height, [&](int64_t index, int worker) {
      Element* work = reinterpret_cast<Element*>(context.scratch + static_cast<size_t>(worker) * work_size);
      kernel(images, cut, index / cut.height, index % cut.height, from, to, work);
    });
  }

  template <class Element>
  static size_t work_bytes(const Shape& shape) {
    const SubImages cut = cut_images(shape, count<Element>);
    const int64_t numbers = sizeof(Element) == 1 ? code_line_bytes(cut) : line_numbers(cut);
    return align_up(static_cast<size_t>(numbers) * sizeof(Element));
  }

  Layout to_;
  const SubImagesKernels& kernels_;
  const CodeImagesKernels& codes_;
};

}  // namespace

std::unique_ptr<Operator> make_conversion(Layout to, Isa isa) { return std::make_unique<Conversion>(to, isa); }

}  // namespace plumline
