#include "kernels/shared_tables/shared_tables.h"

#include "kernels/sub_image_conv/worker.inl"

namespace plumline {
namespace PLUMLINE_ISA_NAMESPACE {
namespace {

// Fills a table: entry e is the sum of the channels whose bit is set in e. Entry 0 is zero already. `total` grows by
// the last one.
template <int bits>
inline void fill_table(const float* channels, float* table, Pixels& total) {
#pragma GCC unroll 5
  for (int bit = 0; bit < bits; ++bit) {
    const Pixels x = Pixels::load(channels + bit * kSubImages);
    float* upper = table + (kSubImages << bit);
    x.store(upper);
#pragma GCC unroll 16
    for (int i = 1; i < 1 << bit; ++i) (Pixels::load(table + i * kSubImages) + x).store(upper + i * kSubImages);
  }
  total = total + Pixels::load(table + ((1 << bits) - 1) * kSubImages);
}

// All tables of one position: of each `bits` of the `count` channels, and of what is left of them.
template <int bits>
inline void fill_tables(const float* channels, int64_t count, float* tables, Pixels& total) {
  for (; count >= bits; count -= bits) {
    fill_table<bits>(channels, tables, total);
    channels += bits * kSubImages;
    tables += kSubImages << bits;
  }
  if (count == 1) fill_table<1>(channels, tables, total);
  if (count == 2) fill_table<2>(channels, tables, total);
  if (count == 3) fill_table<3>(channels, tables, total);
  if (count == 4) fill_table<4>(channels, tables, total);
}

// Where the entry that the i-th `bits` bits of `word` name stands in its table. An entry is 64 bytes: the shift leaves
// the bits where they count in those, one instruction less than to shift them down and multiply.
template <int bits>
inline int64_t entry_at(uint64_t word, int i) {
  const uint64_t shifted = bits * i < 6 ? word << (6 - bits * i) : word >> (bits * i - 6);
  return static_cast<int64_t>(shifted & (((uint64_t{1} << bits) - 1) << 6)) / 4;
}

// For each plane, adds the entries that its words name to its sum: `folds` words, for as many positions, each of
// `tables` tables. From a plane's words to the next one's are `step`. Even and odd tables are added apart, for speed.
template <int bits, int tables, int folds>
void add_planes(const uint64_t* words, int64_t step, int64_t planes, const float* const* positions, int64_t,
                float* sums) {
  const float* position[folds];  // a copy, as `sums` may overlay the original for all the compiler knows
  for (int fold = 0; fold < folds; ++fold) position[fold] = positions[fold];
  for (int64_t plane = 0; plane < planes; ++plane, words += step, sums += kSubImages) {
    Pixels even = Pixels::load(sums), odd = Pixels::zero();
#pragma GCC unroll 3
    for (int fold = 0; fold < folds; ++fold) {
      const uint64_t word = words[fold];
      if (folds == 1 && word == 0) continue;
#pragma GCC unroll 16
      for (int i = 0; i < tables; ++i) {
        const Pixels entry = Pixels::load(position[fold] + i * (kSubImages << bits) + entry_at<bits>(word, i));
        if (i % 2)
          odd = odd + entry;
        else
          even = even + entry;
      }
    }
    (even + odd).store(sums);
  }
}

// The same for any number of tables and one position.
template <int bits>
void add_planes(const uint64_t* words, int64_t step, int64_t planes, const float* const* positions, int64_t tables,
                float* sums) {
  for (int64_t plane = 0; plane < planes; ++plane, words += step, sums += kSubImages) {
    uint64_t word = *words;
    if (word == 0) continue;
    Pixels sum = Pixels::load(sums);
    for (int64_t i = 0; i < tables; ++i, word >>= bits)
      sum = sum + Pixels::load(positions[0] + i * (kSubImages << bits) + entry_at<bits>(word, 0));
    sum.store(sums);
  }
}

using AddPlanes = void (*)(const uint64_t* words, int64_t step, int64_t planes, const float* const* positions,
                           int64_t tables, float* sums);

AddPlanes add_planes_for(int bits, int64_t tables, int folds) {
  if (folds == 3) return tables == 8 ? add_planes<4, 8, 3> : add_planes<4, 4, 3>;
  if (bits == 5) return tables == 13 ? add_planes<5, 13, 1> : add_planes<5>;
  return tables == 16 ? add_planes<4, 16, 1> : add_planes<4>;
}

// Adds what a position contributes by way of tables; see Worker.
class TableAdder {
 public:
  TableAdder(const Window& window, const SubImageConvPlan& plan, const SharedTablesPlan& tables,
             const SharedTablesWeights& weights, const BandPlanes& planes, float* memory)
      : window_(window),
        plan_(tables),
        planes_(planes),
        columns_(plan.columns),
        has_total_(weights.sums.total_coefficient != nullptr),
        tables_(memory) {
    chunks_ = (window.channels + kChunkChannels - 1) / kChunkChannels;
    const int64_t before = weights.sums.row_start[planes.group * window.filters];
    words_ = weights.words + before * chunks_ * window.taps();
    zero_line(tables_, plan.adder.scratch);
  }

  void begin(int64_t, int64_t) const {}

  void add(int64_t, int64_t, int64_t column, const float* channels, const Targets& targets) {
    if (plan_.folds > 1)
      add_folded(column, channels, targets);
    else if (is_read(column))
      add_position(column, channels, targets);
  }

 private:
  bool is_read(int64_t column) const {
    for (int64_t j = 0; j < window_.kernel_width; ++j)
      if (moved(columns_, column, j) >= 0) return true;
    return false;
  }

  void fill(const float* channels, int64_t count, float* tables, Pixels& total) const {
    if (plan_.bits == 5)
      fill_tables<5>(channels, count, tables, total);
    else
      fill_tables<4>(channels, count, tables, total);
  }

  // The words of a kernel row of a chunk that belong to the band's first plane.
  const uint64_t* words_of(int64_t chunk, int64_t kernel_row) const {
    const int64_t before = (chunk * window_.kernel_height + kernel_row) * planes_.all + planes_.first;
    return words_ + before * window_.kernel_width;
  }

  void add_position(int64_t column, const float* channels, const Targets& targets) const {
    const float* position = tables_;
    Pixels total = Pixels::zero();
    for (int64_t first = 0; first < window_.channels; first += kChunkChannels) {
      const int64_t count = window_.channels - first < kChunkChannels ? window_.channels - first : kChunkChannels;
      const int64_t tables = plan_.bits == 5 ? (count + 4) / 5 : (count + 3) / 4;
      const AddPlanes add_planes_of = add_planes_for(plan_.bits, tables, 1);
      fill(channels + first * kSubImages, count, tables_, total);
      for (int64_t i = 0; i < targets.count; ++i) {
        const uint64_t* words = words_of(first / kChunkChannels, targets.first[i].kernel_row);
        for (int64_t j = 0; j < window_.kernel_width; ++j) {
          const int64_t to = moved(columns_, column, j);
          if (to < 0) continue;
          add_planes_of(words + j, window_.kernel_width, planes_.count, &position, tables,
              targets.first[i].sums + to * planes_.pitch());
        }
      }
    }
    if (!has_total_) return;
    for (int64_t j = 0; j < window_.kernel_width; ++j) {
      const int64_t to = moved(columns_, column, j);
      for (int64_t i = 0; to >= 0 && i < targets.count; ++i) add_total(total, targets.first[i].sums + to * planes_.pitch());
    }
  }

  // With folds, the tables of the last positions are kept, and a sum is added to once for a row of taps. The stride
  // and dilation along the row are 1, the channels one chunk.
  void add_folded(int64_t column, const float* channels, const Targets& targets) {
    const int64_t tables = window_.channels / plan_.bits;
    const int64_t slot = column % kMaxFolds;
    totals_[slot] = Pixels::zero();
    fill(channels, window_.channels, tables_ + slot * plan_.table_size, totals_[slot]);
    const int64_t to = column - (kMaxFolds - 1);
    if (to < 0) return;
    const float* positions[kMaxFolds];
    for (int64_t j = 0; j < kMaxFolds; ++j) positions[j] = tables_ + (to + j) % kMaxFolds * plan_.table_size;
    const AddPlanes add_planes_of = add_planes_for(plan_.bits, tables, kMaxFolds);
    for (int64_t i = 0; i < targets.count; ++i) {
      float* sums = targets.first[i].sums + to * planes_.pitch();
      add_planes_of(words_of(0, targets.first[i].kernel_row), kMaxFolds, planes_.count, positions, tables, sums);
      if (!has_total_) continue;
      for (int64_t j = 0; j < kMaxFolds; ++j) add_total(totals_[(to + j) % kMaxFolds], sums);
    }
  }

  void add_total(const Pixels& total, float* sums) const {
    sums += planes_.total();
    (Pixels::load(sums) + total).store(sums);
  }

  const Window& window_;
  const SharedTablesPlan& plan_;
  const BandPlanes& planes_;
  const AxisPlan& columns_;
  const bool has_total_;
  const uint64_t* words_;  // of the group
  int64_t chunks_;
  float* tables_;
  Pixels totals_[kMaxFolds];
};

void run_band(const Window& window, const SubImageConvPlan& plan, const SharedTablesPlan& tables, const Band& band,
              const Finish& finish, const float* input, const SharedTablesWeights& weights, float* memory) {
  const BandPlanes planes(window, band, weights.sums.row_start);
  TableAdder adder(window, plan, tables, weights, planes, memory);
  Worker<TableAdder>(window, plan, band, finish, weights.sums, planes, memory).run(input, adder);
}

}  // namespace

extern const SharedTablesKernel shared_tables_kernel;
const SharedTablesKernel shared_tables_kernel = {PLUMLINE_ISA_NAME, kVectors == 1 ? 1.0 : 1.2, run_band};

}  // namespace PLUMLINE_ISA_NAMESPACE
}  // namespace plumline
