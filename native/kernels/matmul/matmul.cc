#include "kernels/matmul/matmul.h"

#include "kernels/select.h"

namespace plumline {

#define X(space, isa) \
  namespace space { \
  extern const MatmulKernels kMatmul; \
  }
#include "kernels/instruction_sets.inc"
#undef X

const MatmulKernels& matmul_kernels(Isa cap) {
  static const Implementation<MatmulKernels> list[] = {
#define X(space, isa) {isa, &space::kMatmul},
#include "kernels/instruction_sets.inc"
#undef X
  };
  return select_kernels(list, cap);
}

}  // namespace plumline
