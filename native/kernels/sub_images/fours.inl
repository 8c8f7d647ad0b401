// Pixels of row-major images as vectors of positions of sub-images, four neighbouring columns at a time, and back. Only
// for files of one instruction set.

#include "core/simd_math.h"
#include "kernels/conv/lanes.h"
#include "kernels/sub_images/pixels.h"

namespace plumline {
namespace PLUMLINE_ISA_NAMESPACE {

// What positions are, in pixels of some images that are all as large.
struct PixelGrid {
  int64_t images;                   // of a block, that exist
  int64_t height, width;
  int64_t next_image;               // numbers from an image to the next
  int64_t step_down, step_across;   // pixels from a sub-image to its neighbours
};

// Four neighbouring pixels of a row of each sub-image.
struct Fours {
  int64_t at[kSubImages];     // where the first is, or would be; where none exists, 0
  int64_t count[kSubImages];  // how many come before the first beyond the right edge
  alignas(64) int32_t exists[kSubImages][4];  // all bits, or none
  bool whole = true;                          // all of them exist

  // Those of which the first sub-image has its own in `row` and `column`. Only the first `most` are wanted.
  Fours(const SubImages& cut, const PixelGrid& grid, int64_t row, int64_t column, int64_t most) {
    int64_t lane = 0;
    for (int64_t image = 0; image < cut.images; ++image)
      for (int64_t i = 0; i < cut.rows; ++i)
        for (int64_t j = 0; j < cut.columns; ++j, ++lane) {
          const int64_t y = row + i * grid.step_down, x = column + j * grid.step_across;
          const bool inside = image < grid.images && y >= 0 && y < grid.height;
          const int64_t right = grid.width - x < most ? grid.width - x : most;
          count[lane] = inside && right > 0 ? (right < 4 ? right : 4) : 0;
          at[lane] = count[lane] > 0 ? image * grid.next_image + y * grid.width + x : 0;
          for (int64_t k = 0; k < 4; ++k) exists[lane][k] = k < count[lane] && x + k >= 0 ? -1 : 0;
          whole = whole && count[lane] == 4 && x >= 0;
        }
  }
};

#if defined(__AVX2__)

// Four pixels of sub-image `lane`; zeros for those that do not exist, whose memory is not touched.
template <bool whole>
inline __m128 load_four(const float* images, const Fours& fours, int64_t lane) {
  const float* from = shifted(images, fours.at[lane]);
  if (whole) return _mm_loadu_ps(from);
  return _mm_maskload_ps(from, _mm_load_si128(reinterpret_cast<const __m128i*>(fours.exists[lane])));
}

inline void store_four(__m128 x, int64_t count, float* to) {
  if (count == 4) return _mm_storeu_ps(to, x);  // masked stores are slow on some machines
  if (count & 2) {
    _mm_storel_pi(reinterpret_cast<__m64*>(to), x);
    x = _mm_movehl_ps(x, x);
    to += 2;
  }
  if (count & 1) _mm_store_ss(to, x);
}

#endif

#if defined(__AVX512F__)

// Row r of each square of four by four becomes its column r.
inline void turn(__m512 (&x)[4]) {
  const __m512d a = _mm512_castps_pd(_mm512_unpacklo_ps(x[0], x[1]));
  const __m512d b = _mm512_castps_pd(_mm512_unpacklo_ps(x[2], x[3]));
  const __m512d c = _mm512_castps_pd(_mm512_unpackhi_ps(x[0], x[1]));
  const __m512d d = _mm512_castps_pd(_mm512_unpackhi_ps(x[2], x[3]));
  x[0] = _mm512_castpd_ps(_mm512_unpacklo_pd(a, b));
  x[1] = _mm512_castpd_ps(_mm512_unpackhi_pd(a, b));
  x[2] = _mm512_castpd_ps(_mm512_unpacklo_pd(c, d));
  x[3] = _mm512_castpd_ps(_mm512_unpackhi_pd(c, d));
}

template <bool whole>
inline void load_columns(const float* images, const Fours& fours, Pixels (&columns)[4]) {
  __m512 x[4];
#pragma GCC unroll 4
  for (int r = 0; r < 4; ++r) {
    x[r] = _mm512_castps128_ps512(load_four<whole>(images, fours, r));
    x[r] = _mm512_mask_broadcast_f32x4(x[r], 0x00F0, load_four<whole>(images, fours, r + 4));
    x[r] = _mm512_mask_broadcast_f32x4(x[r], 0x0F00, load_four<whole>(images, fours, r + 8));
    x[r] = _mm512_mask_broadcast_f32x4(x[r], 0xF000, load_four<whole>(images, fours, r + 12));
  }
  turn(x);
  for (int r = 0; r < 4; ++r) columns[r].v[0].v = x[r];
}

inline void store_columns(const Pixels (&columns)[4], const Fours& fours, float* images) {
  __m512 x[4] = {columns[0].v[0].v, columns[1].v[0].v, columns[2].v[0].v, columns[3].v[0].v};
  turn(x);
#pragma GCC unroll 4
  for (int r = 0; r < 4; ++r) {
    store_four(_mm512_castps512_ps128(x[r]), fours.count[r], images + fours.at[r]);
    store_four(_mm512_extractf32x4_ps(x[r], 1), fours.count[r + 4], images + fours.at[r + 4]);
    store_four(_mm512_extractf32x4_ps(x[r], 2), fours.count[r + 8], images + fours.at[r + 8]);
    store_four(_mm512_extractf32x4_ps(x[r], 3), fours.count[r + 12], images + fours.at[r + 12]);
  }
}

#elif defined(__AVX2__)

inline void turn(__m256 (&x)[4]) {
  const __m256d a = _mm256_castps_pd(_mm256_unpacklo_ps(x[0], x[1]));
  const __m256d b = _mm256_castps_pd(_mm256_unpacklo_ps(x[2], x[3]));
  const __m256d c = _mm256_castps_pd(_mm256_unpackhi_ps(x[0], x[1]));
  const __m256d d = _mm256_castps_pd(_mm256_unpackhi_ps(x[2], x[3]));
  x[0] = _mm256_castpd_ps(_mm256_unpacklo_pd(a, b));
  x[1] = _mm256_castpd_ps(_mm256_unpackhi_pd(a, b));
  x[2] = _mm256_castpd_ps(_mm256_unpacklo_pd(c, d));
  x[3] = _mm256_castpd_ps(_mm256_unpackhi_pd(c, d));
}

template <bool whole>
inline void load_columns(const float* images, const Fours& fours, Pixels (&columns)[4]) {
#pragma GCC unroll 2
  for (int half = 0; half < 2; ++half) {
    __m256 x[4];
#pragma GCC unroll 4
    for (int r = 0; r < 4; ++r)
      x[r] = _mm256_insertf128_ps(_mm256_castps128_ps256(load_four<whole>(images, fours, 8 * half + r)),
                                  load_four<whole>(images, fours, 8 * half + r + 4), 1);
    turn(x);
    for (int r = 0; r < 4; ++r) columns[r].v[half].v = x[r];
  }
}

inline void store_columns(const Pixels (&columns)[4], const Fours& fours, float* images) {
#pragma GCC unroll 2
  for (int half = 0; half < 2; ++half) {
    __m256 x[4] = {columns[0].v[half].v, columns[1].v[half].v, columns[2].v[half].v, columns[3].v[half].v};
    turn(x);
#pragma GCC unroll 4
    for (int r = 0; r < 4; ++r) {
      const int lane = 8 * half + r;
      store_four(_mm256_castps256_ps128(x[r]), fours.count[lane], images + fours.at[lane]);
      store_four(_mm256_extractf128_ps(x[r], 1), fours.count[lane + 4], images + fours.at[lane + 4]);
    }
  }
}

#else

template <bool>
inline void load_columns(const float* images, const Fours& fours, Pixels (&columns)[4]) {
  for (int lane = 0; lane < kSubImages; ++lane)
    for (int k = 0; k < 4; ++k)
      columns[k].v[lane / F32::kLanes].v[lane % F32::kLanes] =
          fours.exists[lane][k] ? shifted(images, fours.at[lane])[k] : 0.0f;
}

inline void store_columns(const Pixels (&columns)[4], const Fours& fours, float* images) {
  for (int lane = 0; lane < kSubImages; ++lane)
    for (int64_t k = 0; k < fours.count[lane]; ++k)
      images[fours.at[lane] + k] = columns[k].v[lane / F32::kLanes].v[lane % F32::kLanes];
}

#endif

inline void load_columns(const float* images, const Fours& fours, Pixels (&columns)[4]) {
  if (fours.whole)
    load_columns<true>(images, fours, columns);
  else
    load_columns<false>(images, fours, columns);
}

// A row of `columns` positions of all channels, from row-major images: to[(column * channels + channel) * kSubImages +
// sub-image]. Of the first sub-image, the row is `row`, the first column `first`. A channel is a plane of the image.
inline void gather_row(const SubImages& cut, const PixelGrid& grid, const float* images, int64_t channels, int64_t row,
                       int64_t first, int64_t columns, float* to) {
  // Few channels at a time, so that the lines of memory that all columns read, and those that they write, stay near.
  constexpr int64_t kTogether = 16;
  const int64_t plane = grid.height * grid.width, next = channels * kSubImages;
  for (int64_t channel = 0; channel < channels; channel += kTogether) {
    const int64_t end = channels - channel < kTogether ? channels : channel + kTogether;
    for (int64_t column = 0; column < columns; column += 4) {
      const Fours fours(cut, grid, row, first + column, 4);
      const int64_t count = columns - column < 4 ? columns - column : 4;
      float* place = to + column * next;
      for (int64_t c = channel; c < end; ++c) {
        Pixels four[4];
        load_columns(images + c * plane, fours, four);
#pragma GCC unroll 4
        for (int64_t k = 0; k < 4; ++k)
          if (k < count) four[k].store(place + k * next + c * kSubImages);
      }
    }
  }
}

}  // namespace PLUMLINE_ISA_NAMESPACE
}  // namespace plumline
