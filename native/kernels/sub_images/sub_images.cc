#include "kernels/sub_images/sub_images.h"

#include "kernels/select.h"

namespace plumline {

#define X(space, isa) \
  namespace space { \
  extern const SubImagesKernels kSubImagesKernels; \
  }
#include "kernels/instruction_sets.inc"
#undef X

const SubImagesKernels& sub_images_kernels(Isa cap) {
  static const Implementation<SubImagesKernels> list[] = {
#define X(space, isa) {isa, &space::kSubImagesKernels},
#include "kernels/instruction_sets.inc"
#undef X
  };
  return select_kernels(list, cap);
}

}  // namespace plumline
