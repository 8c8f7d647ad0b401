#include "kernels/conv/tiles.h"

#include <algorithm>
#include <cstring>

namespace plumline {
namespace {

constexpr int64_t kJobsPerThread = 4;      // enough that the last ones to finish are not far apart
constexpr int64_t kMinFiltersPerJob = 32;  // below, packing the pixels once more costs more than it gives

bool row_is_read(const Window& window, int64_t row) {
  for (int64_t i = 0; i < window.kernel_height; ++i) {
    const int64_t at = row + window.pad_top - i * window.dilation_height;
    if (at < 0) return false;
    if (at % window.stride_height == 0 && at / window.stride_height < window.out_height) return true;
  }
  return false;
}

}  // namespace

Tiling::Tiling(const Window& window, int lanes, int vectors, int64_t filter_step, int threads)
    : window_(window), lanes_(lanes), filter_step_(filter_step) {
  vectors_ = (window.batch * window.pixels() + lanes - 1) / lanes;
  tiles_ = (vectors_ + vectors - 1) / vectors;
  const int64_t steps = (window.filters + filter_step - 1) / filter_step;
  const int64_t jobs = window.groups * tiles_;
  const int64_t wanted = threads == 1 ? 1 : (kJobsPerThread * threads + jobs - 1) / jobs;
  splits_ = std::clamp<int64_t>(std::min(wanted, window.filters / kMinFiltersPerJob), 1, steps);
}

Tile Tiling::operator[](int64_t index) const {
  const int64_t at = index % tiles_;
  const int64_t split = index / tiles_ % splits_;
  const int64_t steps = (window_.filters + filter_step_ - 1) / filter_step_;
  const int64_t first = vectors_ * at / tiles_;
  const int64_t end = vectors_ * (at + 1) / tiles_;
  const int64_t pixels = std::min(end * lanes_, window_.batch * window_.pixels()) - first * lanes_;
  return {index / tiles_ / splits_,
          steps * split / splits_ * filter_step_,
          std::min(steps * (split + 1) / splits_ * filter_step_, window_.filters),
          first * lanes_,
          static_cast<int>(pixels),
          static_cast<int>(end - first)};
}

size_t phases_bytes(const Window& window) {
  return window.stride_width == 1 ? 0 : align_up(window.batch * window.image_stride() * sizeof(float));
}

const float* sort_phases(const Window& window, const float* input, std::byte* scratch, ThreadPool& pool) {
  if (window.stride_width == 1) return input;
  float* sorted = reinterpret_cast<float*>(scratch);
  const int64_t stride = window.stride_width;
  pool.parallel_for(window.batch * window.groups * window.channels, [&](int64_t channel, int) {
    for (int64_t row = 0; row < window.height; ++row) {
      if (!row_is_read(window, row)) continue;
      const float* from = input + (channel * window.height + row) * window.width;
      float* to = sorted + channel * window.channel_stride() + row * window.row_stride();
      for (int64_t phase = 0; phase < std::min(stride, window.width); ++phase) {
        const int64_t columns = window.phase_columns(phase);
        for (int64_t i = 0; i < columns; ++i) to[i] = from[phase + i * stride];
        to += window.phase_width();
      }
    }
  });
  return sorted;
}

}  // namespace plumline
