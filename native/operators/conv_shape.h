#pragma once

#include <vector>

#include "core/operator.h"
#include "kernels/conv/window.h"

namespace plumline {

// The geometry of a convolution over one or two axes: `kernel`, `strides`, `dilations`, `pads` and `groups` of a node.
class ConvShape {
 public:
  // Throws Error unless the attributes and a matrix of that size fit together.
  ConvShape(const NodeSpec& spec, int64_t filters, int64_t columns);

  int64_t groups() const { return groups_; }
  int64_t channels() const { return channels_; }  // of a group
  int64_t kernel_height() const { return kernel_size_[0]; }
  int64_t kernel_width() const { return kernel_size_[1]; }
  int64_t taps() const { return kernel_size_[0] * kernel_size_[1]; }

  // Throws Error for an input that does not fit; allocates nothing and does not throw for one that does.
  Window window(const Shape& x) const;
  Shape output(const Window& window) const;

 private:
  size_t spatial_;
  std::vector<int64_t> kernel_size_, strides_, dilations_, pads_;
  int64_t groups_;
  int64_t filters_;
  int64_t channels_;
};

}  // namespace plumline
