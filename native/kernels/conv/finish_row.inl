// Stores sums whose lanes are filters: bias, residual, activation.

#include "kernels/activation/activation_simd.h"
#include "kernels/conv/window.h"

namespace plumline {
namespace PLUMLINE_ISA_NAMESPACE {

// The first `count` lanes of `sum` are filters [filter, filter + count) of a row of `filters` results.
inline void finish_filters(F32 sum, const Finish& finish, int64_t row, int64_t filters, int64_t filter, int64_t count) {
  if (count > F32::kLanes) count = F32::kLanes;
  F32 x = sum + load_first(finish.bias + filter, count);
  const int64_t at = row * filters + filter;
  if (finish.residual) x = x + load_first(finish.residual + at, count);
  const float* slope = finish.activation.slope;
  const F32 slopes = slope ? load_first(slope + filter, count) : F32::set(0);
  store_first(activate(finish.activation, x, slopes), finish.output + at, count);
}

}  // namespace PLUMLINE_ISA_NAMESPACE
}  // namespace plumline
