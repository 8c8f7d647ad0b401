#include "kernels/elementwise/elementwise.h"

#include "kernels/select.h"

namespace plumline {

#define X(space, isa) \
  namespace space { \
  extern const ElementwiseKernels kElementwise; \
  }
#include "kernels/instruction_sets.inc"
#undef X

const ElementwiseKernels& elementwise_kernels(Isa cap) {
  static const Implementation<ElementwiseKernels> list[] = {
#define X(space, isa) {isa, &space::kElementwise},
#include "kernels/instruction_sets.inc"
#undef X
  };
  return select_kernels(list, cap);
}

}  // namespace plumline
