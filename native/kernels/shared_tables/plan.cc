#include <algorithm>

#include "kernels/shared_tables/shared_tables.h"

namespace plumline {
namespace {

// Measured, in the unit of ConvMethod::cost.
constexpr double kEntryCost = 2.2;  // to make an entry of a table
constexpr double kAddCost = 1.15;   // to add an entry
constexpr double kSumCost = 2.75;   // to load and store a sum

int64_t divide_up(int64_t a, int64_t b) { return (a + b - 1) / b; }

// Where the tables of a position are few, those of a whole kernel row have room, and are worth a sum's load and store.
int choose_folds(const Window& window) {
  const bool neighbours = window.stride_width == 1 && window.dilation_width == 1;
  return neighbours && window.kernel_width == kMaxFolds && (window.channels == 16 || window.channels == 32) ? kMaxFolds
                                                                                                           : 1;
}

}  // namespace

SharedTablesPlan::SharedTablesPlan(const Window& window, int64_t planes)
    : bits(shared_table_bits(window.channels, window.taps(), planes)), folds(choose_folds(window)) {
  table_size = divide_up(std::min(window.channels, kChunkChannels), bits) * (kSubImages << bits);
}

AdderNeeds SharedTablesPlan::needs(const Window& window) const {
  const double chunks = static_cast<double>(divide_up(window.channels, kChunkChannels));
  const double tables = static_cast<double>(divide_up(window.channels, bits));
  const bool exchanged_columns = folds == 1 && can_take_sub_images(window);
  return {table_size * folds, 1, 0, false, exchanged_columns, tables * kEntryCost * ((1 << bits) - 1),
          tables * kAddCost + chunks / folds * kSumCost};
}

}  // namespace plumline
