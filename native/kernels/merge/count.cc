#include "kernels/merge/count.h"

#include "kernels/select.h"

namespace plumline {

const CountKernel& count_kernel() {
  static const Implementation<CountKernel> list[] = {
#define PLUMLINE_KERNEL(space, isa) {isa, &space::kCount},
#include "kernels/merge/kernels.inc"
#undef PLUMLINE_KERNEL
  };
  return select_kernels(list, best_isa());
}

}  // namespace plumline
