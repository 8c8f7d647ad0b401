// The algorithm of every instruction set: see core/simd.h for how it is compiled.
//
// A window is pooled first down its rows, a whole row of x at a time, and then along the one row that results.

#include "core/simd_math.h"
#include "kernels/conv/deinterleave.h"
#include "kernels/pool/pool.h"

namespace plumline {
namespace PLUMLINE_ISA_NAMESPACE {

namespace {

struct Max {
  using Element = float;
  static constexpr float kNothing = -3.402823466e+38f;  // the lowest float
  static F32 join(F32 a, F32 b) { return max(a, b); }
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
};

template <class Join>
using Element = typename Join::Element;

template <class Element>
void fill(Element* y, Element value, int64_t n) {
  for (int64_t i = 0; i < n; ++i) y[i] = value;
}

// Calls each(at, how to load there, how to store there) for vectors that cover [0, n). Where there are numbers for one, the
// last goes back over some that another has: what it stores must not depend on what is there.
template <class Each>
void each_vector(int64_t n, const Each& each) {
  const auto load = [](const float* p) { return F32::load(p); };
  const auto store = [](F32 value, float* p) { value.store(p); };
  int64_t i = 0;
  for (; i + F32::kLanes <= n; i += F32::kLanes) each(i, load, store);
  if (i == n) return;
  if (n > F32::kLanes) return each(n - F32::kLanes, load, store);
  each(0, [n](const float* p) { return load_first(p, n); }, [n](F32 value, float* p) { store_first(value, p, n); });
}

// Stores what was joined as it is.
struct AsItIs {
  template <class Load>
  F32 operator()(F32 joined, int64_t, const Load&) const {
    return joined;
  }
};

// y[i] = what the numbers at(0)[i] to at(taps - 1)[i] come to together, when finish is through with it; fixed_taps is their
// number, or 0.
template <class Join, int fixed_taps, class At, class Finish>
void join_lines(int64_t taps, const At& at, const Finish& finish, Element<Join>* y, int64_t n) {
  if constexpr (fixed_taps > 0) taps = fixed_taps;
  if constexpr (sizeof(Element<Join>) == sizeof(float)) {
    each_vector(n, [&](int64_t i, auto load, auto store) {
      F32 joined = load(at(0) + i);
      for (int64_t tap = 1; tap < taps; ++tap) joined = Join::join(joined, load(at(tap) + i));
      store(finish(joined, i, load), y + i);
    });
  } else {  // the compiler makes vector code of these
    const Element<Join>* first = at(0);
    for (int64_t i = 0; i < n; ++i) y[i] = first[i];
    for (int64_t tap = 1; tap < taps; ++tap) {
      const Element<Join>* x = at(tap);
      for (int64_t i = 0; i < n; ++i) y[i] = Join::join(y[i], x[i]);
    }
  }
}

// The kernels that networks have are known to the compiler.
template <class Join, class At, class Finish>
void join_lines(int64_t taps, const At& at, const Finish& finish, Element<Join>* y, int64_t n) {
  if (taps == 2) return join_lines<Join, 2>(taps, at, finish, y, n);
  if (taps == 3) return join_lines<Join, 3>(taps, at, finish, y, n);
  join_lines<Join, 0>(taps, at, finish, y, n);
}

// See PoolLine. Vectors are read and stored beyond the end, where there is room.
template <class Element>
void sort_phases(const PoolLine& line, const Element* __restrict from, Element* __restrict to) {
  if constexpr (sizeof(Element) == sizeof(float)) {
    if (line.stride == 2) {
      for (int64_t i = 0; 2 * i < line.length; i += F32::kLanes) {
        const F32 a = F32::load(from + 2 * i), b = F32::load(from + 2 * i + F32::kLanes);
        even_lanes(a, b).store(to + i);
        odd_lanes(a, b).store(to + line.phase + i);
      }
      return;
    }
  }
  if (line.stride == 2) {  // the slack holds one number more
    for (int64_t i = 0; 2 * i < line.length; ++i) {
      to[i] = from[2 * i];
      to[line.phase + i] = from[2 * i + 1];
    }
    return;
  }
  for (int64_t phase = 0; phase < line.stride; ++phase, to += line.phase)
    for (int64_t i = 0, at = phase; at < line.length; ++i, at += line.stride) to[i] = from[at];
}

// Down the taps of a row of windows.
template <class Join>
void join_down(const PoolWindow& window, int64_t row, const Element<Join>* x, Element<Join>* y) {
  const PoolAxis& rows = window.rows;
  const int64_t width = window.columns.size;
  const int64_t first = first_tap(rows, row);
  const int64_t taps = end_tap(rows, row) - first;
  if (taps == 0) return fill(y, Join::kNothing, width);
  const Element<Join>* top = x + (start_of(rows, row) + first * rows.dilation) * width;
  join_lines<Join>(taps, [&](int64_t tap) { return top + tap * rows.dilation * width; }, AsItIs{}, y, width);
}

template <class Join, int64_t fixed_stride, class Finish>
void join_along(const PoolAxis& axis, const PoolLine& line, const Finish& finish, const Element<Join>* sorted,
                Element<Join>* y) {
  const int64_t stride = fixed_stride > 0 ? fixed_stride : line.stride;
  const auto at = [&](int64_t tap) {
    const int64_t place = tap * axis.dilation;
    return sorted + place % stride * line.phase + place / stride;
  };
  join_lines<Join>(axis.kernel, at, finish, y, axis.windows);
}

template <class Join, class Finish>
void join_along(const PoolAxis& axis, const PoolLine& line, const Finish& finish, const Element<Join>* sorted,
                Element<Join>* y) {
  if (line.stride == 1) return join_along<Join, 1>(axis, line, finish, sorted, y);
  if (line.stride == 2) return join_along<Join, 2>(axis, line, finish, sorted, y);
  join_along<Join, 0>(axis, line, finish, sorted, y);
}

// Pools a channel; make_finish(row) gives what the windows of a row go through in the end.
template <class Join, class MakeFinish>
void pool(const PoolWindow& window, const Element<Join>* x, Element<Join>* y, Element<Join>* work,
          const MakeFinish& make_finish) {
  const PoolAxis& columns = window.columns;
  const PoolLine line(columns);
  const int64_t together = line.rows(), padded = line.length + PoolLine::kSlack;
  Element<Join>* sorted = line.stride > 1 ? work + together * padded : work;
  const int64_t sorted_step = line.stride > 1 ? line.stride * line.phase : padded;
  fill(work, Join::kNothing, together * padded);
  for (int64_t row = 0; row < window.rows.windows; row += together) {
    const int64_t count = smaller(together, window.rows.windows - row);
    for (int64_t i = 0; i < count; ++i) join_down<Join>(window, row + i, x, work + i * padded + columns.pad_begin);
    if (line.stride > 1)
      for (int64_t i = 0; i < count; ++i) sort_phases(line, work + i * padded, sorted + i * sorted_step);
    for (int64_t i = 0; i < count; ++i, y += columns.windows)
      join_along<Join>(columns, line, make_finish(row + i), sorted + i * sorted_step, y);
  }
}

template <class Join>
void pool_max(const PoolWindow& window, const Element<Join>* x, Element<Join>* y, Element<Join>* work) {
  pool<Join>(window, x, y, work, [](int64_t) { return AsItIs{}; });
}

void pool_average(const PoolWindow& window, const float* x, float* y, float* work) {
  pool<Sum>(window, x, y, work, [&](int64_t row) {
    const F32 share = F32::set(share_of(window.rows, row, window.count_padding));
    return [share, &window](F32 sum, int64_t i, const auto& load) { return sum * (share * load(window.column_shares + i)); };
  });
}

}  // namespace

extern const PoolKernels kPool;
const PoolKernels kPool = {PLUMLINE_ISA_NAME, pool_max<Max>, pool_average, pool_max<MaxUint8>, pool_max<MaxInt8>};

}  // namespace PLUMLINE_ISA_NAMESPACE
}  // namespace plumline
