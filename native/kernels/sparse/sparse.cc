#include "kernels/sparse/sparse.h"

#include <algorithm>
#include <cmath>
#include <type_traits>

#include "kernels/conv/method.h"
#include "kernels/conv/tiles.h"
#include "kernels/select.h"

namespace plumline {
namespace {

#define PLUMLINE_KERNEL(space, isa) {isa, &space::sparse_kernel},
constexpr Implementation<SparseKernel> kKernels[] = {
#include "kernels/sparse/kernels.inc"
};
#undef PLUMLINE_KERNEL

// Rows of the panel in a part: enough that the entries of a filter (about kEntries) outweigh loading and storing its
// sums, as few as fill half a nearest cache well, and at most what the next cache serves without much delay.
int64_t rows_in_part(const SparseKernel& kernel, int64_t places, int64_t entries) {
  constexpr int64_t kEntries = 24, kLeastBytes = 24 << 10, kMostBytes = 48 << 10;
  const int64_t row_bytes = kernel.vectors * kernel.lanes * static_cast<int64_t>(sizeof(float));
  const int64_t wanted = kEntries * places / std::max<int64_t>(1, entries);
  return std::clamp(wanted, kLeastBytes / row_bytes, kMostBytes / row_bytes);
}

// The entries of a filter: marked in one or two planes of bits, each with its coefficient, or with a value each. No bits:
// no entries.
struct Row {
  const uint8_t *bits = nullptr, *more = nullptr;
  const float* coefficient = nullptr;
  const float* values = nullptr;

  unsigned byte(int64_t i) const { return (bits ? bits[i] : 0u) | (more ? more[i] : 0u); }
  bool has(int64_t k) const { return byte(k / 8) >> (k % 8) & 1; }
  float next(int64_t k) {  // the value of the entry in column k, where the values before have been taken
    if (values) return *values++;
    const auto in = [k](const uint8_t* plane) { return plane && (plane[k / 8] >> (k % 8) & 1); };
    return (in(bits) ? coefficient[0] : 0.0f) + (in(more) ? coefficient[1] : 0.0f);
  }
};

Row row_of(const Weights& weights, int64_t filter) {
  const auto m = static_cast<size_t>(filter);
  const int64_t first = weights.row_start[m], count = weights.row_start[m + 1] - first, bytes = weights.plane_bytes();
  Row row;
  if (weights.form == WeightForm::kSparse) {
    row.bits = weights.bits + filter * bytes;
    row.values = weights.value + first;
  } else if (count > 0) {
    row.bits = weights.bits + first * bytes;
    row.more = count > 1 ? row.bits + bytes : nullptr;
    row.coefficient = weights.coefficient + first;
  }
  return row;
}

// What is different between entries with and without values: the kernel, and its measured cycles for an entry beside those
// for each of its vectors, and for each vector of an entry that two filters share.
struct OfValues {
  using Entry = SparseEntry;
  static constexpr auto run = &SparseKernel::run;
  static constexpr double kEntry = 1, kShared = 2;
  static Entry entry(int64_t row, float value, float other) { return {static_cast<int32_t>(row), {value, other}}; }
};
struct OfOnes {
  using Entry = SparseOne;
  static constexpr auto run = &SparseKernel::run_ones;
  static constexpr double kEntry = 1.5, kShared = 1.8;
  static Entry entry(int64_t row, float, float) { return {static_cast<int32_t>(row)}; }
};

// Most planes of a filter.
int64_t planes_of(const Weights& weights) {
  int64_t most = 0;
  for (size_t m = 0; m + 1 < weights.row_start.size(); ++m)
    most = std::max<int64_t>(most, weights.row_start[m + 1] - weights.row_start[m]);
  return most;
}

template <class Kind>
class Sparse : public ConvMethod {
 public:
  Sparse(const Weights& weights, const Taps& taps, Isa isa)
      : kernel_(select_kernels(kKernels, isa)),
        weights_(weights),
        taps_(taps),
        pairs_((weights.filters / taps.groups + 1) / 2) {
    for (int64_t pair = 0; pair < taps.groups * pairs_; ++pair) {
      const Row a = row(pair, 0), b = row(pair, 1);
      for (int64_t i = 0; i < weights.plane_bytes(); ++i) {
        shared_ += __builtin_popcount(a.byte(i) & b.byte(i));
        single_ += __builtin_popcount(a.byte(i) ^ b.byte(i));
      }
    }
    rows_ = rows_in_part(kernel_, weights.filters * weights.columns, single_ + 2 * shared_);
  }

  std::string name() const override { return std::string("sparse/") + kernel_.isa; }

  // Measured, but for the latency: an entry waits for the one before it in its list, which too few vectors cannot hide.
  // The longest tile stands for all.
  double cost(const Window& window) const override {
    constexpr double kPartial = 4.7, kLatency = 4;
    // What two planes a filter take with narrow vectors, in the unit of the methods for planes that this stands beside.
    const bool two_planes = std::is_same_v<Kind, OfValues> && weights_.form == WeightForm::kPlanes;
    const double narrow = two_planes && kernel_.lanes < 16 ? 1.4 : 1;
    const double lanes = kernel_.lanes;
    // A vector takes pieces of so many rows; where an image is one pixel, every lane comes from far away.
    const double pack = window.pixels() == 1 ? 200 : 2 + 2 * lanes / static_cast<double>(window.out_width);
    const double all = std::ceil(static_cast<double>(window.batch * window.pixels()) / lanes);
    const double vectors = std::min<double>(all, kernel_.vectors);
    const double single = std::max(1.2 * (vectors + Kind::kEntry), kLatency) / vectors;
    const double shared = std::max(Kind::kShared * vectors + 0.5, kLatency) / vectors;
    const double parts = std::ceil(static_cast<double>(window.columns()) / static_cast<double>(rows_));
    const double once = pack * static_cast<double>(window.columns()) +
                        kPartial * parts * static_cast<double>(window.filters) +
                        (single * static_cast<double>(single_) + shared * static_cast<double>(shared_)) /
                            static_cast<double>(window.groups);
    return phases_cost(window) + narrow * all * lanes / 16 * static_cast<double>(window.groups) * once;
  }

  void prepare(const Window&) override {
    if (!starts_.empty()) return;
    // Counts, then starts by adding them up, then every entry to its list.
    const int64_t parts = (weights_.columns + rows_ - 1) / rows_;
    starts_.assign(static_cast<size_t>(taps_.groups * parts * pairs_ * 3 + 1), 0);
    visit_all([&](size_t list, const Entry&) { ++starts_[list + 1]; });
    for (size_t i = 1; i < starts_.size(); ++i) starts_[i] += starts_[i - 1];
    entries_.resize(static_cast<size_t>(starts_.back()));
    std::vector<int32_t> next(starts_.begin(), starts_.end() - 1);
    visit_all([&](size_t list, const Entry& entry) { entries_[static_cast<size_t>(next[list]++)] = entry; });
    if constexpr (std::is_same_v<Kind, OfOnes>)
      for (int64_t m = 0; m < weights_.filters; ++m) {
        const float* found = row_of(weights_, m).coefficient;
        coefficient_.push_back(found ? *found : 0.0f);
      }
  }

  size_t scratch_bytes(const Window& window, int threads) const override {
    return phases_bytes(window) + threads * worker_bytes(window);
  }

  void run(const Window& window, const float* input, const Finish& finish, std::byte* scratch,
           ThreadPool& pool) const override {
    const SparseWeights<Entry> weights = {starts_.data(), entries_.data(), rows_, coefficient_.data()};
    const Tiling tiling(window, kernel_.lanes, kernel_.vectors, 2, pool.threads());
    run_tiles(window, tiling, input, scratch, worker_bytes(window), pool,
              [&](const Tile& tile, const float* source, float* work) {
                (kernel_.*Kind::run)(window, tile, finish, source, weights, work);
              });
  }

 private:
  using Entry = typename Kind::Entry;

  Row row(int64_t pair, int64_t which) const {
    const int64_t filters = weights_.filters / taps_.groups, filter = pair % pairs_ * 2 + which;
    return filter < filters ? row_of(weights_, pair / pairs_ * filters + filter) : Row{};
  }

  // Calls visit(list, entry) for all entries; a list is for those that both filters of a pair have, the first alone, or
  // the second alone.
  template <class Visit>
  void visit_all(const Visit& visit) const {
    const int64_t parts = (weights_.columns + rows_ - 1) / rows_;
    for (int64_t pair = 0; pair < taps_.groups * pairs_; ++pair) {
      Row a = row(pair, 0), b = row(pair, 1);
      for (int64_t k = 0; k < weights_.columns; ++k) {
        const bool in_a = a.has(k), in_b = b.has(k);
        if (!in_a && !in_b) continue;
        const int64_t place = tap_major_place(k, taps_.channels, taps_.taps);
        const int64_t list = (pair / pairs_ * parts + place / rows_) * pairs_ + pair % pairs_;
        const float value = in_a ? a.next(k) : 0.0f, other = in_b ? b.next(k) : 0.0f;
        visit(static_cast<size_t>(list * 3 + (in_a ? (in_b ? 0 : 1) : 2)), Kind::entry(place % rows_, value, other));
      }
    }
  }

  // A panel, the complete sums of two filters with a vector more, as the last ones are read at any lane, and the partial
  // sums of all, an even number of them.
  size_t worker_bytes(const Window& window) const {
    return align_up(((rows_ + 2 + window.filters + 1) * kernel_.vectors + 1) * kernel_.lanes * sizeof(float));
  }

  const SparseKernel& kernel_;
  const Weights weights_;
  const Taps taps_;
  const int64_t pairs_;  // of a group
  int64_t rows_;         // of the panel in a part
  int64_t single_ = 0, shared_ = 0;  // entries of one filter, of two
  std::vector<int32_t> starts_;
  std::vector<Entry> entries_;
  std::vector<float> coefficient_;
};

}  // namespace

std::unique_ptr<ConvMethod> make_sparse(const Weights& weights, const Taps& taps, Isa isa) {
  if (weights.form == WeightForm::kSparse) return std::make_unique<Sparse<OfValues>>(weights, taps, isa);
  if (!weights.total_coefficient.empty()) return nullptr;  // a total visits every input
  const int64_t planes = planes_of(weights);
  if (planes > 2) return nullptr;
  if (planes == 2) return std::make_unique<Sparse<OfValues>>(weights, taps, isa);
  return std::make_unique<Sparse<OfOnes>>(weights, taps, isa);
}

}  // namespace plumline
