#include "kernels/quantize/quantize.h"

#include "kernels/select.h"

namespace plumline {

#define X(space, isa) \
  namespace space { \
  extern const QuantizeKernels kQuantize; \
  }
#include "kernels/instruction_sets.inc"
#undef X

const QuantizeKernels& quantize_kernels(Isa cap) {
  static const Implementation<QuantizeKernels> list[] = {
#define X(space, isa) {isa, &space::kQuantize},
#include "kernels/instruction_sets.inc"
#undef X
  };
  return select_kernels(list, cap);
}

}  // namespace plumline
