#include "kernels/softmax/softmax.h"

#include "kernels/select.h"

namespace plumline {

#define X(space, isa) \
  namespace space { \
  extern const SoftmaxKernels kSoftmax; \
  }
#include "kernels/instruction_sets.inc"
#undef X

const SoftmaxKernels& softmax_kernels(Isa cap) {
  static const Implementation<SoftmaxKernels> list[] = {
#define X(space, isa) {isa, &space::kSoftmax},
#include "kernels/instruction_sets.inc"
#undef X
  };
  return select_kernels(list, cap);
}

}  // namespace plumline
