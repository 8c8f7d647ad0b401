// Copies the rows that a tile of a direct convolution reads, with zeros where they hang over the image.

#include "kernels/conv/lanes.h"
#include "kernels/dense/direct_plan.h"

namespace plumline {
namespace PLUMLINE_ISA_NAMESPACE {
namespace {

// The lanes of a vector from column `first` on that lie in a row of `width` columns.
inline Lanes inside(int64_t first, int64_t width) {
  const int64_t begin = first < 0 ? -first : 0;
  const int64_t end = width - first < F32::kLanes ? width - first : F32::kLanes;
  if (begin >= end) return Lanes::between(0, 0);
  return Lanes::between(begin, end);
}

inline F32 load_columns(const float* row, int64_t first, int64_t width) {
  if (first >= 0 && first + F32::kLanes <= width) return F32::load(row + first);
  return load_lanes(shifted(row, first), inside(first, width));
}

// Every second lane of a and b, one after the other.
inline F32 even_lanes(F32 a, F32 b) {
#if defined(__AVX512F__)
  const __m512i even = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
  return {_mm512_permutex2var_ps(a.v, even, b.v)};
#elif defined(__AVX2__)
  const __m256d mixed = _mm256_castps_pd(_mm256_shuffle_ps(a.v, b.v, 0x88));  // a0 a2 b0 b2 | a4 a6 b4 b6
  return {_mm256_castpd_ps(_mm256_permute4x64_pd(mixed, 0xD8))};
#else
  return {Float4{a.v[0], a.v[2], b.v[0], b.v[2]}};
#endif
}

// to[i] = column first + i * stride of the row, i < count; may write up to a vector beyond.
inline void copy_columns(const float* row, int64_t width, int64_t first, int64_t stride, int64_t count, float* to) {
  if (stride == 1) {
    for (int64_t i = 0; i < count; i += F32::kLanes) load_columns(row, first + i, width).store(to + i);
  } else if (stride == 2) {
    for (int64_t i = 0; i < count; i += F32::kLanes) {
      const int64_t at = first + 2 * i;
      even_lanes(load_columns(row, at, width), load_columns(row, at + F32::kLanes, width)).store(to + i);
    }
  } else {
    for (int64_t i = 0; i < count; ++i) {
      const int64_t at = first + i * stride;
      to[i] = at >= 0 && at < width ? row[at] : 0.0f;
    }
  }
}

// Addresses only rise, so what a store writes beyond its row is written again by the next.
inline void copy_rows(const DirectPlan& plan, const DirectTile& tile, const float* image, float* copy) {
  const Window& w = plan.window;
  const int64_t rows = plan.copied_rows(tile.rows);
  const int64_t step = w.kernel_height == 1 ? w.stride_height : 1;
  const int64_t first_row = plan.input_row(tile.row);
  const int64_t first_column = tile.column * w.stride_width - w.pad_left;
  for (int64_t channel = 0; channel < w.channels; ++channel) {
    float* to = copy + channel * plan.channel_stride;
    for (int64_t r = 0; r < rows; ++r, to += plan.pitch) {
      const int64_t row = first_row + r * step;
      if (row < 0 || row >= w.height) {
        for (int64_t i = 0; i < plan.pitch; i += F32::kLanes) F32::set(0).store(to + i);
        continue;
      }
      const float* from = image + (channel * w.height + row) * w.width;
      for (int64_t phase = 0; phase < plan.phases; ++phase)
        copy_columns(from, w.width, first_column + phase, w.stride_width, plan.phase_width,
                     to + phase * plan.phase_width);
    }
  }
}

}  // namespace
}  // namespace PLUMLINE_ISA_NAMESPACE
}  // namespace plumline
