#include <limits>

#include "kernels/pool/pool.h"

namespace plumline {
namespace reference {

namespace {

// Calls tap(value) for every element of a window, then done(window row, window column).
template <class Element, class Tap, class Done>
void pool(const PoolWindow& window, const Element* x, Tap&& tap, Done&& done) {
  const PoolAxis& rows = window.rows;
  const PoolAxis& columns = window.columns;
  for (int64_t row = 0; row < rows.windows; ++row)
    for (int64_t column = 0; column < columns.windows; ++column) {
      for (int64_t i = first_tap(rows, row); i < end_tap(rows, row); ++i)
        for (int64_t j = first_tap(columns, column); j < end_tap(columns, column); ++j) {
          const int64_t at = start_of(rows, row) + i * rows.dilation;
          tap(x[at * columns.size + start_of(columns, column) + j * columns.dilation]);
        }
      done(row, column);
    }
}

template <class Element>
void max(const PoolWindow& window, const Element* x, Element* y, Element*) {
  constexpr Element kLowest = std::numeric_limits<Element>::lowest();
  Element largest = kLowest;
  pool(
      window, x, [&](Element value) { largest = value > largest ? value : largest; },
      [&](int64_t, int64_t) {
        *y++ = largest;
        largest = kLowest;
      });
}

void average(const PoolWindow& window, const float* x, float* y, float*) {
  double sum = 0;
  int64_t taps = 0;
  pool(
      window, x,
      [&](float value) {
        sum += value;
        ++taps;
      },
      [&](int64_t row, int64_t column) {
        if (window.count_padding) taps = padded_taps(window.rows, row) * padded_taps(window.columns, column);
        *y++ = taps ? static_cast<float>(sum / static_cast<double>(taps)) : 0;
        sum = 0;
        taps = 0;
      });
}

}  // namespace

extern const PoolKernels kPool;
const PoolKernels kPool = {"reference", max<float>, average, max<uint8_t>, max<int8_t>};

}  // namespace reference
}  // namespace plumline
