#pragma once

#include "kernels/sub_images/sub_images.h"

namespace plumline {

// As SubImagesKernels, for 8-bit codes; `work` has room for code_line_bytes(). What lies beyond the edge or the batch
// becomes codes of the image or zeros.
struct CodeImagesKernels {
  const char* name;
  void (*to_sub_images)(const Images&, const SubImages&, int64_t block, int64_t row, const uint8_t* images,
                        uint8_t* sub_images, uint8_t* work);
  void (*to_images)(const Images&, const SubImages&, int64_t block, int64_t row, const uint8_t* sub_images,
                    uint8_t* images, uint8_t* work);
};

int64_t code_line_bytes(const SubImages& cut);

// The implementation that `cap` stands for; the reference where it stands for none.
const CodeImagesKernels& code_images_kernels(Isa cap);

}  // namespace plumline
