#include "kernels/integer/lane_planes.h"

namespace plumline {

LanePlanes lane_planes(const Window& window, int64_t depth) {
  LanePlanes planes{};
  planes.rows = window.out_height + (window.kernel_height - 1) * window.dilation_height / window.stride_height;
  planes.pitch = window.out_width + (window.kernel_width - 1) * window.dilation_width / window.stride_width;
  planes.blocks = (window.channels + depth - 1) / depth;
  planes.phases = window.stride_height * window.stride_width;
  planes.places = (window.out_height - 1) * planes.pitch + window.out_width;
  return planes;
}

}  // namespace plumline
