// Every `stride`-th number of a row of the input, as a vector.

#include "kernels/conv/lanes.h"
#include "kernels/conv/window.h"

namespace plumline {
namespace PLUMLINE_ISA_NAMESPACE {

// The even lanes of a, then those of b.
inline F32 even_lanes(F32 a, F32 b) {
#if defined(__AVX512F__)
  const __m512i even = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
  return {_mm512_permutex2var_ps(a.v, even, b.v)};
#elif defined(__AVX2__)
  const __m256 pairs = _mm256_shuffle_ps(a.v, b.v, 0x88);  // a0 a2 b0 b2 a4 a6 b4 b6
  return {_mm256_castpd_ps(_mm256_permute4x64_pd(_mm256_castps_pd(pairs), 0xD8))};
#else
  return {Float4{a.v[0], a.v[2], b.v[0], b.v[2]}};
#endif
}

// Lane i reads p[i * stride], p standing for column `left` of a row, and is zero where that lies outside the row; the
// memory there is not touched. `whole` says that nothing that is read lies outside. Stride 0 is one known at run time.
template <int stride, bool whole>
class Columns {
 public:
  Columns() = default;
  Columns(const Window& window, int64_t left) {
    if constexpr (stride == 0) {
      step_ = window.stride_width;
      begin_ = left < 0 ? (-left + step_ - 1) / step_ : 0;
      end_ = left < window.width ? (window.width - left + step_ - 1) / step_ : 0;
      if (end_ > F32::kLanes) end_ = F32::kLanes;
    } else if constexpr (!whole) {
      for (int i = 0; i < stride; ++i) lanes_[i] = inside(window, left + i * F32::kLanes);
    }
  }

  F32 load(const float* p) const {
    if constexpr (stride == 0) {
      float lanes[F32::kLanes] = {};
      for (int64_t i = begin_; i < end_; ++i) lanes[i] = *shifted(p, i * step_);
      return F32::load(lanes);
    } else if constexpr (stride == 1) {
      return vector(p, 0);
    } else {
      return even_lanes(vector(p, 0), vector(p, 1));
    }
  }

 private:
  static Lanes inside(const Window& window, int64_t left) {
    const int64_t begin = left >= 0 ? 0 : -left;
    const int64_t end = window.width - left < F32::kLanes ? window.width - left : F32::kLanes;
    return begin < end ? Lanes::between(begin, end) : Lanes::between(0, 0);
  }

  F32 vector(const float* p, int i) const {
    if constexpr (whole) return F32::load(p + i * F32::kLanes);
    return load_lanes(shifted(p, i * F32::kLanes), lanes_[i]);
  }

  Lanes lanes_[stride == 0 ? 1 : stride];
  int64_t step_, begin_, end_;
};

}  // namespace PLUMLINE_ISA_NAMESPACE
}  // namespace plumline
