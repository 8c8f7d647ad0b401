// A float32 as the sum of three bf16 numbers.
//
// A float32 has 24 binary digits, a bf16 number 8 and the same exponents: it is the upper half of a float32. Cutting
// off the lower half leaves the first 8 digits (hi). The rest, x - hi, is exact, has x's sign and at most 16 digits, of
// which cutting leaves 8 again (mid); what then remains has at most 8 (lo). So x = hi + mid + lo exactly, and adding
// them in this order in float32 gives x. Cutting, unlike rounding, costs one instruction and cannot overflow.
//
// It holds where all three are normal numbers or zero: for x = 0, and for 2^-103 <= |x| up to the largest float32, as
// the last of x's 24 digits is then at least 2^-126. The products take smaller numbers as zero: for a smaller x, that
// loses less than 2^-126 of it a limb. Of an infinity mid and lo are zero; of NaN all three are NaN or hi infinite.

#include "core/simd_math.h"
#include "kernels/limbs/limbs.h"

namespace plumline {
namespace PLUMLINE_ISA_NAMESPACE {
namespace {

#if defined(__AVX512F__)

inline F32 cut(F32 x) {
  return {_mm512_castsi512_ps(_mm512_and_si512(_mm512_castps_si512(x.v), _mm512_set1_epi32(-65536)))};
}
// a - b, zero where a is infinite.
inline F32 finite_difference(F32 a, F32 b) {
  constexpr int kInfinities = 0x18;
  return {_mm512_maskz_sub_ps(static_cast<__mmask16>(~_mm512_fpclass_ps_mask(a.v, kInfinities)), a.v, b.v)};
}
// The upper halves of both, `even` in the lower half of the result.
inline F32 pair(F32 even, F32 odd) {
  const __m512i low = _mm512_srli_epi32(_mm512_castps_si512(even.v), 16);
  return {_mm512_castsi512_ps(_mm512_or_si512(low, _mm512_castps_si512(cut(odd).v)))};
}

#else

typedef uint32_t Uint4 __attribute__((vector_size(16)));  // a cast between vectors keeps the bits

inline F32 cut(F32 x) { return {(Float4)((Uint4)x.v & 0xFFFF0000u)}; }
inline F32 finite_difference(F32 a, F32 b) {
  const Uint4 infinite = (Uint4)(((Uint4)a.v & 0x7FFFFFFFu) == 0x7F800000u);
  return {(Float4)((Uint4)(a.v - b.v) & ~infinite)};
}
inline F32 pair(F32 even, F32 odd) {
  return {(Float4)(((Uint4)even.v >> 16) | ((Uint4)odd.v & 0xFFFF0000u))};
}

#endif

void split(const float* even, const float* odd, int64_t n, float* const* limbs) {
  for (int64_t i = 0; i < n; i += F32::kLanes) {
    const int64_t count = n - i < F32::kLanes ? n - i : F32::kLanes;
    F32 x = load_first(even + i, count);
    F32 y = odd ? load_first(odd + i, count) : F32::set(0);
    for (int limb = 0; limb < kLimbs; ++limb) {
      store_first(pair(x, y), limbs[limb] + i, count);
      x = finite_difference(x, cut(x));
      y = finite_difference(y, cut(y));
    }
  }
}

}  // namespace
}  // namespace PLUMLINE_ISA_NAMESPACE
}  // namespace plumline
