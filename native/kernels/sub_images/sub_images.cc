#include "kernels/sub_images/sub_images.h"

#include "kernels/select.h"

namespace plumline {

#define X(space, isa) \
  namespace space { \
  extern const SubImagesKernels kSubImagesKernels; \
  }
#include "kernels/instruction_sets.inc"
#undef X

// A line of every image and row of a block, each with room for a vector more: parts are written in fours, whole lines
// in vectors.
int64_t line_numbers(const SubImages& cut) {
  return cut.images * cut.rows * (cut.columns * cut.width + kSubImages);
}

const SubImagesKernels& sub_images_kernels(Isa cap) {
  static const Implementation<SubImagesKernels> list[] = {
#define X(space, isa) {isa, &space::kSubImagesKernels},
#include "kernels/instruction_sets.inc"
#undef X
  };
  return select_kernels(list, cap);
}

}  // namespace plumline
