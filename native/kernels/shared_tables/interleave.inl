// Turns rows of an image into vectors of one pixel of each sub-image, and back (see Grid).

#include "core/simd_math.h"
#include "kernels/shared_tables/shared_tables.h"

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
constexpr int64_t kAhead = 6;  // channels
inline void prefetch(const float* from, int64_t count) {
  for (int64_t i = 0; i < count; i += 16) __builtin_prefetch(from + i);
  __builtin_prefetch(from + count - 1);
}

inline int64_t round_up_4(int64_t n) { return (n + 3) / 4 * 4; }

// The vectors of input row `row` of all sub-images: to[(column * channels + channel) * kSubImages + sub-image]. Four
// columns are read at a time, so there are up to three more than in_width. `image` is the group's first channel.
inline void interleave_row(const Window& window, const Grid& grid, const float* image, int64_t row, float* lines,
                           float* to) {
  const int64_t step = grid.width * window.stride_width;  // from a sub-image to its neighbour
  const int64_t read = (grid.columns - 1) * step + round_up_4(grid.in_width);
  const int64_t pitch = read + F32::kLanes;  // copy_line and zero_line write up to a vector more
  const int64_t left = window.pad_left < read ? window.pad_left : read;
  const int64_t inside = window.width < read - left ? window.width : read - left;
  const int64_t down = row - window.pad_top;

  const float* source[kSubImages];
  for (int64_t i = 0; i < kSubImages; ++i) source[i] = lines + i / grid.columns * pitch + i % grid.columns * step;
  for (int64_t i = 0; i < grid.rows; ++i) zero_line(lines + i * pitch, read);

  for (int64_t channel = 0; channel < window.channels; ++channel) {
    const float* plane = image + channel * window.height * window.width;
    const bool ahead = channel + kAhead < window.channels;
    for (int64_t i = 0; i < grid.rows; ++i) {
      const int64_t at = i * grid.height * window.stride_height + down;
      if (at < 0 || at >= window.height || inside <= 0) continue;
      const float* line = plane + at * window.width;
      if (ahead) prefetch(line + kAhead * window.height * window.width, inside);
      copy_line(line, inside, lines + i * pitch + left);
    }
    for (int64_t column = 0; column < grid.in_width; column += 4) {
      float* place = to + (column * window.channels + channel) * kSubImages;
      const int64_t next = window.channels * kSubImages;
      for (int64_t lane = 0; lane < kSubImages; lane += 4) {
        transpose_4x4({source[lane] + column, source[lane + 1] + column, source[lane + 2] + column,
                       source[lane + 3] + column},
                      {place + lane, place + next + lane, place + 2 * next + lane, place + 3 * next + lane});
      }
    }
  }
}

}  // namespace PLUMLINE_ISA_NAMESPACE
}  // namespace plumline
