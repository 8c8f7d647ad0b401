// The algorithm of every instruction set: see core/simd.h for how it is compiled.

#include "kernels/quantize/quantize.h"
#include "kernels/quantize/quantize_simd.h"

namespace plumline {
namespace PLUMLINE_ISA_NAMESPACE {
namespace {

constexpr int64_t kLanes = F32::kLanes;

// Calls step(i) for whole vectors, and for what is left on copies: parts(i, count).
template <class Step, class Part>
void walk(int64_t n, const Step& step, const Part& part) {
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) step(i);
  if (i < n) part(i, n - i);
}

template <class T>
void copy(const T* from, T* to, int64_t n) {
  for (int64_t i = 0; i < n; ++i) to[i] = from[i];
}

void quantize(const Quantized& to, const float* x, uint8_t* y, int64_t n) {
  const Rounding round(to.codes);
  const F32 scale = F32::set(to.scale);
  walk(
      n, [&](int64_t i) { round(F32::load(x + i) / scale).store_low_bytes(y + i); },
      [&](int64_t i, int64_t count) {
        float from[kLanes] = {};
        uint8_t codes[kLanes];
        copy(x + i, from, count);
        round(F32::load(from) / scale).store_low_bytes(codes);
        copy(codes, y + i, count);
      });
}

// Numbers of codes.
class Dequantizer {
 public:
  explicit Dequantizer(const Quantized& from)
      : codes_(from.codes), zero_point_(I32::set(from.codes.zero_point)), scale_(F32::set(from.scale)) {}
  F32 operator()(const uint8_t* p) const { return to_float(load_codes(codes_, p) - zero_point_) * scale_; }

 private:
  Codes codes_;
  I32 zero_point_;
  F32 scale_;
};

void dequantize(const Quantized& from, const uint8_t* x, float* y, int64_t n) {
  const Dequantizer number(from);
  walk(
      n, [&](int64_t i) { number(x + i).store(y + i); },
      [&](int64_t i, int64_t count) {
        uint8_t codes[kLanes] = {};
        float to[kLanes];
        copy(x + i, codes, count);
        number(codes).store(to);
        copy(to, y + i, count);
      });
}

void add(const Quantized& from_a, const Quantized& from_b, const Quantized& to, const uint8_t* a, const uint8_t* b,
         uint8_t* y, int64_t n) {
  const Dequantizer first(from_a), second(from_b);
  const Rounding round(to.codes);
  const F32 scale = F32::set(to.scale);
  const auto sum = [&](const uint8_t* p, const uint8_t* q, uint8_t* r) {
    round((first(p) + second(q)) / scale).store_low_bytes(r);
  };
  walk(
      n, [&](int64_t i) { sum(a + i, b + i, y + i); },
      [&](int64_t i, int64_t count) {
        uint8_t p[kLanes] = {}, q[kLanes] = {}, r[kLanes];
        copy(a + i, p, count);
        copy(b + i, q, count);
        sum(p, q, r);
        copy(r, y + i, count);
      });
}

}  // namespace

extern const QuantizeKernels kQuantize;
const QuantizeKernels kQuantize = {PLUMLINE_ISA_NAME, quantize, dequantize, add};

}  // namespace PLUMLINE_ISA_NAMESPACE
}  // namespace plumline
