#include "kernels/code_images/code_images.h"

#include "core/aligned.h"

namespace plumline {

// A line for each sub-image, of whole blocks of columns, one of zeros, and room to copy words.
int64_t code_line_bytes(const SubImages& cut) {
  return static_cast<int64_t>(align_up(static_cast<size_t>((kCodeSubImages + 1) * (cut.width + 8) + 8)));
}

}  // namespace plumline

#define PLUMLINE_KERNELS CodeImagesKernels
#define PLUMLINE_OBJECT kCodeImagesKernels
#define PLUMLINE_SELECT code_images_kernels
#include "kernels/dispatch.inc"
