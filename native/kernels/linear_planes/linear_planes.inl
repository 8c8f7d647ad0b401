#include "kernels/conv/finish_row.inl"
#include "kernels/linear_planes/linear_planes.h"

namespace plumline {
namespace PLUMLINE_ISA_NAMESPACE {
namespace {

constexpr int64_t kTableEntries = 16;
constexpr int64_t kTablesPerWord = kWordColumns / 4;

#if defined(__AVX512F__)

struct Words {
  __m512i v;
  static Words load(const uint32_t* p) { return {_mm512_loadu_si512(p)}; }
  void next() { v = _mm512_srli_epi32(v, 4); }
};
struct Table {
  __m512 v;
  static Table load(const float* p) { return {_mm512_loadu_ps(p)}; }
  F32 at(Words words) const { return {_mm512_permutexvar_ps(words.v, v)}; }  // looks at the low four bits only
};
inline void build_table(float a, float b, float c, float d, float* table) {
  __m512 v = _mm512_maskz_mov_ps(0xAAAA, _mm512_set1_ps(a));
  v = _mm512_mask_add_ps(v, 0xCCCC, v, _mm512_set1_ps(b));
  v = _mm512_mask_add_ps(v, 0xF0F0, v, _mm512_set1_ps(c));
  _mm512_storeu_ps(table, _mm512_mask_add_ps(v, 0xFF00, v, _mm512_set1_ps(d)));
}

#elif defined(__AVX2__)

struct Words {
  __m256i v;
  static Words load(const uint32_t* p) { return {_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p))}; }
  void next() { v = _mm256_srli_epi32(v, 4); }
};
struct Table {
  __m256 low, high;
  static Table load(const float* p) { return {_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)}; }
  F32 at(Words words) const {  // a permutation looks at the low three bits, a blend at the highest
    const __m256 fourth = _mm256_castsi256_ps(_mm256_slli_epi32(words.v, 28));
    return {_mm256_blendv_ps(_mm256_permutevar8x32_ps(low, words.v), _mm256_permutevar8x32_ps(high, words.v), fourth)};
  }
};
inline void build_table(float a, float b, float c, float d, float* table) {
  const auto keep = [](float x, __m256i lanes) {
    return _mm256_and_ps(_mm256_set1_ps(x), _mm256_castsi256_ps(lanes));
  };
  __m256 v = keep(a, _mm256_setr_epi32(0, -1, 0, -1, 0, -1, 0, -1));
  v = _mm256_add_ps(v, keep(b, _mm256_setr_epi32(0, 0, -1, -1, 0, 0, -1, -1)));
  v = _mm256_add_ps(v, keep(c, _mm256_setr_epi32(0, 0, 0, 0, -1, -1, -1, -1)));
  _mm256_storeu_ps(table, v);
  _mm256_storeu_ps(table + 8, _mm256_add_ps(v, _mm256_set1_ps(d)));
}

#else

struct Words {
  uint32_t v[4];
  static Words load(const uint32_t* p) { return {{p[0], p[1], p[2], p[3]}}; }
  void next() {
    for (uint32_t& word : v) word >>= 4;
  }
};
struct Table {
  const float* p;
  static Table load(const float* p) { return {p}; }
  F32 at(Words words) const {
    return {Float4{p[words.v[0] & 15], p[words.v[1] & 15], p[words.v[2] & 15], p[words.v[3] & 15]}};
  }
};
inline void build_table(float a, float b, float c, float d, float* table) {
  const float x[4] = {a, b, c, d};
  table[0] = 0;
  for (int bit = 0; bit < 4; ++bit)
    for (int i = 0; i < 1 << bit; ++i) table[(1 << bit) + i] = table[i] + x[bit];
}

#endif

#if defined(__AVX2__) && !defined(__AVX512F__)
constexpr int kBlocks = 2;  // a lookup takes more registers
#else
constexpr int kBlocks = 4;
#endif

// Sums of `blocks` blocks of planes over all words.
template <int blocks>
void look_up(const uint32_t* words, int64_t words_per_plane, const float* tables, float* sums) {
  F32 sum[blocks];
#pragma GCC unroll 4
  for (int b = 0; b < blocks; ++b) sum[b] = F32::set(0);
  for (int64_t i = 0; i < words_per_plane; ++i, words += F32::kLanes) {
    Words bits[blocks];
#pragma GCC unroll 4
    for (int b = 0; b < blocks; ++b) bits[b] = Words::load(words + b * words_per_plane * F32::kLanes);
#pragma GCC unroll 8
    for (int t = 0; t < kTablesPerWord; ++t, tables += kTableEntries) {
      const Table table = Table::load(tables);
#pragma GCC unroll 4
      for (int b = 0; b < blocks; ++b) {
        sum[b] = sum[b] + table.at(bits[b]);
        bits[b].next();
      }
    }
  }
#pragma GCC unroll 4
  for (int b = 0; b < blocks; ++b) sum[b].store(sums + b * F32::kLanes);
}

void run(const Window& window, const LinearPlanes& weights, const Finish& finish, const float* input, int64_t row,
         int64_t first_filter, int64_t end_filter, float* scratch) {
  const int64_t columns = window.channels;
  const int64_t words = (columns + kWordColumns - 1) / kWordColumns;
  const float* x = input + row * columns;
  const auto at = [&](int64_t k) { return k < columns ? x[k] : 0.0f; };

  float* tables = scratch;
  for (int64_t i = 0; i < words * kTablesPerWord; ++i)
    build_table(at(4 * i), at(4 * i + 1), at(4 * i + 2), at(4 * i + 3), tables + i * kTableEntries);
  float total = 0;
  for (int64_t i = 0; i < words * kTablesPerWord; ++i) total += tables[i * kTableEntries + kTableEntries - 1];

  const int64_t first_plane = weights.row_start[first_filter] / F32::kLanes * F32::kLanes;
  const int64_t planes = weights.row_start[end_filter] - first_plane;
  float* sums = tables + words * kTablesPerWord * kTableEntries;
  int64_t plane = 0;
  const uint32_t* block = weights.words + first_plane * words;
  for (; plane + kBlocks * F32::kLanes <= planes; plane += kBlocks * F32::kLanes)
    look_up<kBlocks>(block + plane * words, words, tables, sums + plane);
  for (; plane < planes; plane += F32::kLanes) look_up<1>(block + plane * words, words, tables, sums + plane);

  float* results = sums + plane;
  for (int64_t m = first_filter; m < end_filter; ++m) {
    float y = weights.total_coefficient ? weights.total_coefficient[m] * total : 0.0f;
    for (int64_t r = weights.row_start[m]; r < weights.row_start[m + 1]; ++r)
      y += weights.coefficient[r] * sums[r - first_plane];
    results[m - first_filter] = y;
  }
  for (int64_t m = first_filter; m < end_filter; m += F32::kLanes)
    finish_filters(F32::load(results + m - first_filter), finish, row, window.filters, m, end_filter - m);
}

}  // namespace

extern const LinearPlanesKernel linear_planes_kernel;
const LinearPlanesKernel linear_planes_kernel = {PLUMLINE_ISA_NAME, F32::kLanes, run};

}  // namespace PLUMLINE_ISA_NAMESPACE
}  // namespace plumline
