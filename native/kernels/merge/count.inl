#include "core/simd.h"
#include "kernels/merge/count.h"

namespace plumline {
namespace PLUMLINE_ISA_NAMESPACE {
namespace {

inline int64_t ones(uint64_t x) {
#if defined(__GNUC__) && defined(__POPCNT__)
  return __builtin_popcountll(x);
#else
  x -= (x >> 1) & 0x5555555555555555u;
  x = (x & 0x3333333333333333u) + ((x >> 2) & 0x3333333333333333u);
  x = (x + (x >> 4)) & 0x0F0F0F0F0F0F0F0Fu;
  return static_cast<int64_t>((x * 0x0101010101010101u) >> 56);
#endif
}

int64_t common(const uint64_t* a, const uint64_t* b, int64_t words) {
  int64_t count = 0;
  for (int64_t i = 0; i < words; ++i) count += ones(a[i] & b[i]);
  return count;
}

}  // namespace

extern const CountKernel kCount;
const CountKernel kCount = {common};

}  // namespace PLUMLINE_ISA_NAMESPACE
}  // namespace plumline
