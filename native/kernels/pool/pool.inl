// The algorithm of every instruction set: see core/simd.h for how it is compiled.
//
// A window is pooled first down its rows, a whole row of x at a time, and then along the one row that results.

#include "core/simd_math.h"
#include "kernels/pool/pool.h"

namespace plumline {
namespace PLUMLINE_ISA_NAMESPACE {

namespace {

struct Max {
  using Element = float;
  static constexpr float kNothing = -3.402823466e+38f;  // the lowest float
  static F32 join(F32 a, F32 b) { return max(a, b); }
  static float join(float a, float b) { return a > b ? a : b; }
};

struct MaxUint8 {
  using Element = uint8_t;
  static constexpr uint8_t kNothing = 0;
  static uint8_t join(uint8_t a, uint8_t b) { return a > b ? a : b; }
};

struct MaxInt8 {
  using Element = int8_t;
  static constexpr int8_t kNothing = -128;
  static int8_t join(int8_t a, int8_t b) { return a > b ? a : b; }
};

struct Sum {
  using Element = float;
  static constexpr float kNothing = 0.0f;
  static F32 join(F32 a, F32 b) { return a + b; }
  static float join(float a, float b) { return a + b; }
};

template <class Join>
using Element = typename Join::Element;

template <class Join>
void fill(Element<Join>* y, int64_t n) {
  for (int64_t i = 0; i < n; ++i) y[i] = Join::kNothing;
}

// y[i] = join(y[i], x[i])
template <class Join>
void join_row(const Element<Join>* x, Element<Join>* y, int64_t n) {
  int64_t i = 0;
  if constexpr (sizeof(Element<Join>) == sizeof(float)) {
    for (; i + F32::kLanes <= n; i += F32::kLanes) Join::join(F32::load(y + i), F32::load(x + i)).store(y + i);
  }
  for (; i < n; ++i) y[i] = Join::join(y[i], x[i]);  // for bytes the compiler makes vector code of this
}

// The windows of one row that have all their taps, `at` being the first tap of the first. With the stride known to the
// compiler, the loop over windows becomes vector code for the strides that networks use.
template <class Join, int64_t fixed_stride>
void join_whole(const PoolAxis& axis, const Element<Join>* at, Element<Join>* y, int64_t windows) {
  const int64_t stride = fixed_stride ? fixed_stride : axis.stride;
  for (int64_t i = 0; i < windows; ++i) y[i] = at[i * stride];
  for (int64_t tap = 1; tap < axis.kernel; ++tap) {
    const Element<Join>* x = at + tap * axis.dilation;
    if (fixed_stride == 1)
      join_row<Join>(x, y, windows);
    else
      for (int64_t i = 0; i < windows; ++i) y[i] = Join::join(y[i], x[i * stride]);
  }
}

template <class Join>
void join_edge(const PoolAxis& axis, const Element<Join>* row, Element<Join>* y, int64_t begin, int64_t end) {
  for (int64_t window = begin; window < end; ++window) {
    Element<Join> joined = Join::kNothing;
    const int64_t start = start_of(axis, window);
    for (int64_t tap = first_tap(axis, window); tap < end_tap(axis, window); ++tap)
      joined = Join::join(joined, row[start + tap * axis.dilation]);
    y[window] = joined;
  }
}

template <class Join>
void join_columns(const PoolAxis& axis, const Element<Join>* row, Element<Join>* y) {
  const int64_t begin = begin_whole(axis);
  const int64_t end = end_whole(axis);
  join_edge<Join>(axis, row, y, 0, begin);
  if (end > begin) {
    const Element<Join>* at = row + start_of(axis, begin);
    if (axis.stride == 1)
      join_whole<Join, 1>(axis, at, y + begin, end - begin);
    else if (axis.stride == 2)
      join_whole<Join, 2>(axis, at, y + begin, end - begin);
    else
      join_whole<Join, 0>(axis, at, y + begin, end - begin);
  }
  join_edge<Join>(axis, row, y, end, axis.windows);
}

// Joins the rows of x that the window row has; a single one is used where it lies.
template <class Join>
const Element<Join>* join_rows(const PoolWindow& window, int64_t row, const Element<Join>* x, Element<Join>* work) {
  const PoolAxis& rows = window.rows;
  const int64_t width = window.columns.size;
  const int64_t first = first_tap(rows, row);
  const int64_t end = end_tap(rows, row);
  const auto source = [&](int64_t tap) { return x + (start_of(rows, row) + tap * rows.dilation) * width; };
  if (end - first == 1) return source(first);
  fill<Join>(work, width);
  for (int64_t tap = first; tap < end; ++tap) join_row<Join>(source(tap), work, width);
  return work;
}

template <class Join>
void pool_max(const PoolWindow& window, const Element<Join>* x, Element<Join>* y, Element<Join>* work) {
  for (int64_t row = 0; row < window.rows.windows; ++row, y += window.columns.windows)
    join_columns<Join>(window.columns, join_rows<Join>(window, row, x, work), y);
}

void divide_row(const PoolWindow& window, int64_t row, float* y) {
  const PoolAxis& columns = window.columns;
  const auto counted = [&](const PoolAxis& axis, int64_t at) {
    return window.count_padding ? padded_taps(axis, at) : end_tap(axis, at) - first_tap(axis, at);
  };
  const int64_t taps = counted(window.rows, row);
  const auto divide = [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t all = taps * counted(columns, i);
      y[i] = all ? y[i] / static_cast<float>(all) : 0.0f;
    }
  };
  const int64_t begin = begin_whole(columns);
  const int64_t end = end_whole(columns);
  divide(0, begin);
  if (taps) {
    const float all = static_cast<float>(taps * columns.kernel);
    for (int64_t i = begin; i < end; ++i) y[i] /= all;
  }
  divide(end, columns.windows);
}

void pool_average(const PoolWindow& window, const float* x, float* y, float* work) {
  for (int64_t row = 0; row < window.rows.windows; ++row, y += window.columns.windows) {
    join_columns<Sum>(window.columns, join_rows<Sum>(window, row, x, work), y);
    divide_row(window, row, y);
  }
}

}  // namespace

extern const PoolKernels kPool;
const PoolKernels kPool = {PLUMLINE_ISA_NAME, pool_max<Max>, pool_average, pool_max<MaxUint8>, pool_max<MaxInt8>};

}  // namespace PLUMLINE_ISA_NAMESPACE
}  // namespace plumline
