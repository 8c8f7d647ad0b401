#pragma once

#include <cstdint>

#include "core/cpu.h"
#include "core/sub_images.h"

namespace plumline {

// Row-major images (batch, channels, height, width).
struct Images {
  int64_t batch, channels, height, width;
};

// One row of positions of a block, all channels, between the two ways to hold images.
struct SubImagesKernels {
  const char* name;
  void (*to_sub_images)(const Images&, const SubImages&, int64_t block, int64_t row, const float* images,
                        float* sub_images);
  void (*to_images)(const Images&, const SubImages&, int64_t block, int64_t row, const float* sub_images,
                    float* images);
};

// The implementation that `cap` stands for; the reference where it stands for none.
const SubImagesKernels& sub_images_kernels(Isa cap);

}  // namespace plumline
