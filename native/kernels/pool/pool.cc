#include "kernels/pool/pool.h"

#include "kernels/select.h"

namespace plumline {

#define X(space, isa) \
  namespace space { \
  extern const PoolKernels kPool; \
  }
#include "kernels/instruction_sets.inc"
#undef X

const PoolKernels& pool_kernels(Isa cap) {
  static const Implementation<PoolKernels> list[] = {
#define X(space, isa) {isa, &space::kPool},
#include "kernels/instruction_sets.inc"
#undef X
  };
  return select_kernels(list, cap);
}

}  // namespace plumline
