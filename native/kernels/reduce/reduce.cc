#include "kernels/reduce/reduce.h"

#include "kernels/select.h"

namespace plumline {

#define X(space, isa) \
  namespace space { \
  extern const ReduceKernels kReduce; \
  }
#include "kernels/instruction_sets.inc"
#undef X

const ReduceKernels& reduce_kernels(Isa cap) {
  static const Implementation<ReduceKernels> list[] = {
#define X(space, isa) {isa, &space::kReduce},
#include "kernels/instruction_sets.inc"
#undef X
  };
  return select_kernels(list, cap);
}

}  // namespace plumline
