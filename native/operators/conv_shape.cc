#include "operators/conv_shape.h"

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

size_t check_spatial(size_t spatial) {
  if (spatial != 1 && spatial != 2)
    throw Error("kernel has " + std::to_string(spatial) + " numbers: only 1-D and 2-D convolutions are supported");
  return spatial;
}

}  // namespace

ConvShape::ConvShape(const NodeSpec& spec, int64_t filters, int64_t columns)
    : spatial_(spec.attributes.integers("kernel").size()),
      kernel_size_(per_axis(spec, "kernel", check_spatial(spatial_), 1, 1)),
      strides_(per_axis(spec, "strides", spatial_, 1, 1)),
      dilations_(per_axis(spec, "dilations", spatial_, 1, 1)),
      pads_(parse_pads(spec, spatial_)),
      groups_(spec.attributes.integer("groups")),
      filters_(filters),
      channels_(columns / taps()) {
  if (groups_ < 1 || filters_ % groups_ != 0)
    throw Error("groups is " + std::to_string(groups_) + ", must divide filters, " + std::to_string(filters_));
  if (channels_ * taps() != columns)
    throw Error("columns is " + std::to_string(columns) + ", must be a multiple of the kernel's size " +
                std::to_string(taps()));
  checked_count({channels_, groups_});
}

Window ConvShape::window(const Shape& x) const {
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

Shape ConvShape::output(const Window& window) const {
  Shape shape = {window.batch, filters_, window.out_height, window.out_width};
  if (spatial_ == 1) shape.erase(shape.begin() + 2);
  checked_count(shape);
  return shape;
}

}  // namespace plumline
