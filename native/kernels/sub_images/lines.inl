// Lines of row-major images into positions of sub-images, and back.

#include "core/simd_math.h"
#include "kernels/sub_images/pixels.h"

#if defined(__SSE__)
#include <xmmintrin.h>
#endif

namespace plumline {
namespace PLUMLINE_ISA_NAMESPACE {

// to[j * to_stride + i] = from[i * from_stride + j] for i and j below 4.
inline void transpose_4x4(const float* const (&from)[4], float* const (&to)[4]) {
#if defined(__SSE__)
  __m128 a = _mm_loadu_ps(from[0]), b = _mm_loadu_ps(from[1]), c = _mm_loadu_ps(from[2]), d = _mm_loadu_ps(from[3]);
  _MM_TRANSPOSE4_PS(a, b, c, d);
  _mm_storeu_ps(to[0], a);
  _mm_storeu_ps(to[1], b);
  _mm_storeu_ps(to[2], c);
  _mm_storeu_ps(to[3], d);
#else
  float x[4][4];
  for (int i = 0; i < 4; ++i)
    for (int j = 0; j < 4; ++j) x[j][i] = from[i][j];
  for (int j = 0; j < 4; ++j)
    for (int i = 0; i < 4; ++i) to[j][i] = x[j][i];
#endif
}

// Copies, or fills with zeros, whole vectors: up to kLanes - 1 numbers behind the end are written too.
inline void copy_line(const float* from, int64_t count, float* to) {
  int64_t i = 0;
  for (; i + F32::kLanes <= count; i += F32::kLanes) F32::load(from + i).store(to + i);
  if (i < count) load_first(from + i, count - i).store(to + i);
}
inline void zero_line(float* to, int64_t count) {
  for (int64_t i = 0; i < count; i += F32::kLanes) F32::set(0).store(to + i);
}

// Short lines far apart are nothing that a processor foresees.
inline void prefetch(const float* from, int64_t count) {
  for (int64_t i = 0; i < count; i += 16) __builtin_prefetch(from + i);
  __builtin_prefetch(from + count - 1);
}

inline int64_t round_up_4(int64_t n) { return (n + 3) / 4 * 4; }

// Where each sub-image's part of a line begins, in `lines` that hold one line after the other, `pitch` apart.
struct LineParts {
  float* part[kSubImages];
  LineParts(const SubImages& cut, float* lines, int64_t pitch, int64_t step) {
    for (int64_t i = 0; i < kSubImages; ++i) part[i] = lines + i / cut.columns * pitch + i % cut.columns * step;
  }
};

// to[column * next + sub-image] = part[sub-image][column]. Columns are read in fours: up to three more than `columns`.
inline void gather_positions(const LineParts& lines, int64_t columns, float* to, int64_t next) {
  for (int64_t column = 0; column < columns; column += 4) {
    float spare[kSubImages];
    float* place[4];
    for (int64_t i = 0; i < 4; ++i) place[i] = column + i < columns ? to + (column + i) * next : spare;
    for (int64_t lane = 0; lane < kSubImages; lane += 4) {
      transpose_4x4({lines.part[lane] + column, lines.part[lane + 1] + column, lines.part[lane + 2] + column,
                     lines.part[lane + 3] + column},
                    {place[0] + lane, place[1] + lane, place[2] + lane, place[3] + lane});
    }
  }
}

// part[sub-image][column] = pixels(column)[sub-image]. From the last columns to the first, and from left to right among
// the sub-images: what a four writes beyond its sub-image is the beginning of the next ones, which comes later.
template <class Positions>
inline void scatter_positions(const LineParts& lines, int64_t columns, const Positions& pixels) {
  for (int64_t column = round_up_4(columns) - 4; column >= 0; column -= 4) {
    float four[4][kSubImages];
    for (int64_t i = 0; i < 4; ++i) pixels(column + i < columns ? column + i : columns - 1).store(four[i]);
    for (int64_t lane = 0; lane < kSubImages; lane += 4) {
      transpose_4x4({four[0] + lane, four[1] + lane, four[2] + lane, four[3] + lane},
                    {lines.part[lane] + column, lines.part[lane + 1] + column, lines.part[lane + 2] + column,
                     lines.part[lane + 3] + column});
    }
  }
}

}  // namespace PLUMLINE_ISA_NAMESPACE
}  // namespace plumline
