// Sums of products of bytes: exact, whatever the bytes are. A lane of a vector is 32 bits of several neighbouring
// channels; dot() adds the products of them all to an int32. VNNI multiplies four unsigned by four signed bytes; without
// it, two int16 by two int16 are exact as well, which products of bytes are not: their sums saturate at int16.

#include "core/simd_int.h"
#include "kernels/quantize/codes.h"

namespace plumline {
namespace PLUMLINE_ISA_NAMESPACE {

#if defined(__AVX512VNNI__)

constexpr int kDepth = 4;  // channels in a lane
using Packed = uint8_t;    // of the input
using PackedWeight = int8_t;
inline I32 dot(I32 sum, I32 x, I32 weight) { return {_mm512_dpbusd_epi32(sum.v, x.v, weight.v)}; }

#else

constexpr int kDepth = 2;
using Packed = int16_t;
using PackedWeight = int16_t;
#if defined(__AVX512F__)
inline I32 dot(I32 sum, I32 x, I32 weight) { return {_mm512_add_epi32(sum.v, _mm512_madd_epi16(x.v, weight.v))}; }
#elif defined(__AVX2__)
inline I32 dot(I32 sum, I32 x, I32 weight) { return {_mm256_add_epi32(sum.v, _mm256_madd_epi16(x.v, weight.v))}; }
#elif defined(__SSE2__)
inline I32 dot(I32 sum, I32 x, I32 weight) { return sum + I32{(Int4)_mm_madd_epi16((__m128i)x.v, (__m128i)weight.v)}; }
#else
inline I32 dot(I32 sum, I32 x, I32 weight) {
  int16_t a[8], b[8];
  x.store(a);
  weight.store(b);
  for (int i = 0; i < 4; ++i) sum.v[i] += a[2 * i] * b[2 * i] + a[2 * i + 1] * b[2 * i + 1];
  return sum;
}
#endif

#endif

// How codes are packed: as unsigned bytes, or as int16 with the zero point taken off.
class PackCode {
 public:
  explicit PackCode(const Codes& codes) : codes_(codes) {}

  Packed operator()(uint8_t byte) const {
    if (kDepth == 4) return static_cast<Packed>(codes_.is_signed ? byte ^ 0x80 : byte);
    return static_cast<Packed>((codes_.is_signed ? static_cast<int8_t>(byte) : byte) - codes_.zero_point);
  }

  // What a packed zero is, and what every product is too large by: both taken back by one number a filter.
  static int32_t zero(const Codes& codes) {
    return kDepth == 4 ? codes.zero_point + (codes.is_signed ? 128 : 0) : 0;
  }

 private:
  Codes codes_;
};

}  // namespace PLUMLINE_ISA_NAMESPACE
}  // namespace plumline
