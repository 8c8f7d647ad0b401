#include "kernels/shared_tables/shared_tables.h"

#include "kernels/activation/activation_simd.h"
#include "kernels/conv/lanes.h"
#include "kernels/shared_tables/rows.inl"

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

struct Target {
  int64_t kernel_row;
  float* sums;  // of the first position of a row
};

// The work on one band. What it adds to a sum, and in which order, does not depend on the band.
class Worker {
 public:
  Worker(const Window& window, const SharedTablesPlan& plan, const Band& band, const Finish& finish,
         const SharedTablesWeights& weights, float* memory)
      : window_(window), plan_(plan), cut_(plan.cut), band_(band), finish_(finish), weights_(weights) {
    row_start_ = weights.row_start + band.group * window.filters;
    group_planes_ = row_start_[window.filters] - row_start_[0];
    first_plane_ = row_start_[band.first_filter] - row_start_[0];
    planes_ = row_start_[band.end_filter] - row_start_[band.first_filter];
    tables_ = memory;
    pixels_ = tables_ + plan.tables;
    sums_ = pixels_ + plan.pixels;
    lines_ = sums_ + plan.sums_row * plan.sums_rows;
    targets_ = reinterpret_cast<Target*>(lines_ + plan.lines);
    pitch_ = (group_planes_ + 1) * kSubImages;
  }

  void run(const float* input) {
    zero_line(tables_, plan_.tables);
    input_ = input;
    const int64_t extent = (window_.kernel_height - 1) * window_.dilation_height;
    int64_t row = band_.first_row * window_.stride_height;
    int64_t begun = band_.first_row, finished = band_.first_row;
    for (; finished < band_.end_row; ++row) {
      if (begun < band_.end_row && row == begun * window_.stride_height)
        zero_line(sums_of_row(begun++), plan_.sums_row);
      find_targets(row);
      if (targets_count_ > 0) add_row(row);
      if (row == finished * window_.stride_height + extent) finish_row(finished++);
    }
  }

 private:
  float* sums_of_row(int64_t row) const { return sums_ + row % plan_.sums_rows * plan_.sums_row; }

  // The output row, or column, that a tap moves an input row to: -1 for none.
  static int64_t moved(int64_t at, int64_t tap, int64_t dilation, int64_t stride, int64_t begin, int64_t end) {
    const int64_t back = at - tap * dilation;
    if (back < 0 || (stride > 1 && back % stride != 0)) return -1;
    const int64_t to = stride > 1 ? back / stride : back;
    return to >= begin && to < end ? to : -1;
  }
  int64_t output_column(int64_t column, int64_t tap) const {
    return moved(column, tap, window_.dilation_width, window_.stride_width, 0, cut_.width);
  }
  bool is_read(int64_t column) const {
    for (int64_t j = 0; j < window_.kernel_width; ++j)
      if (output_column(column, j) >= 0) return true;
    return false;
  }

  // The kernel rows that read the input row, and the sums they add to.
  void find_targets(int64_t row) {
    targets_count_ = 0;
    for (int64_t i = 0; i < window_.kernel_height; ++i) {
      const int64_t to =
          moved(row, i, window_.dilation_height, window_.stride_height, band_.first_row, band_.end_row);
      if (to >= 0) targets_[targets_count_++] = {i, sums_of_row(to)};
    }
  }

  void add_row(int64_t row) {
    row_ = row;
    if (!window_.input_sub_images) {
      const int64_t first_image = band_.block * cut_.images;
      const int64_t rest = window_.batch - first_image;
      const float* image = input_ + (first_image * window_.groups + band_.group) * window_.channels * window_.height *
                                        window_.width;
      interleave_row(window_, plan_, image, rest < cut_.images ? rest : cut_.images, row, lines_, pixels_);
    }
    for (int64_t column = 0; column < plan_.in_width; ++column) {
      if (plan_.folds > 1)
        add_folded(column);
      else if (is_read(column))
        add_position(column);
    }
  }

  // The channels at a column of the row, one vector each.
  const float* channels_at(int64_t column) const {
    if (!window_.input_sub_images) return pixels_ + column * window_.channels * kSubImages;
    const int64_t all_channels = window_.groups * window_.channels;
    const float* block = input_ + band_.block * cut_.block_size(all_channels) +
                         band_.group * window_.channels * kSubImages;
    const Neighbour neighbour =
        find_neighbour(cut_, all_channels, block, row_ - window_.pad_top, column - window_.pad_left);
    if (neighbour.inside) return neighbour.from;
    for (int64_t i = 0; i < window_.channels; ++i)
      load_where(neighbour.mask, shifted(neighbour.from, i * kSubImages + neighbour.shift)).store(pixels_ + i * kSubImages);
    return pixels_;
  }

  void fill(const float* channels, int64_t count, float* tables, Pixels& total) const {
    if (plan_.bits == 5)
      fill_tables<5>(channels, count, tables, total);
    else
      fill_tables<4>(channels, count, tables, total);
  }

  // The words of a kernel row of a chunk that belong to the band's first plane.
  const uint64_t* words_of(int64_t chunk, int64_t kernel_row) const {
    const int64_t chunks = (window_.channels + kChunkChannels - 1) / kChunkChannels;
    const int64_t before = (chunk * window_.kernel_height + kernel_row) * group_planes_ + first_plane_;
    return weights_.words + row_start_[0] * chunks * window_.taps() + before * window_.kernel_width;
  }

  void add_position(int64_t column) const {
    const float* channels = channels_at(column);
    const float* position = tables_;
    Pixels total = Pixels::zero();
    for (int64_t first = 0; first < window_.channels; first += kChunkChannels) {
      const int64_t count = window_.channels - first < kChunkChannels ? window_.channels - first : kChunkChannels;
      const int64_t tables = plan_.bits == 5 ? (count + 4) / 5 : (count + 3) / 4;
      const AddPlanes add = add_planes_for(plan_.bits, tables, 1);
      fill(channels + first * kSubImages, count, tables_, total);
      for (int64_t i = 0; i < targets_count_; ++i) {
        const uint64_t* words = words_of(first / kChunkChannels, targets_[i].kernel_row);
        for (int64_t j = 0; j < window_.kernel_width; ++j) {
          const int64_t to = output_column(column, j);
          if (to >= 0) add(words + j, window_.kernel_width, planes_, &position, tables, targets_[i].sums + to * pitch_);
        }
      }
    }
    if (!weights_.total_coefficient) return;
    for (int64_t i = 0; i < targets_count_; ++i)
      for (int64_t j = 0; j < window_.kernel_width; ++j)
        if (output_column(column, j) >= 0) add_total(total, targets_[i].sums + output_column(column, j) * pitch_);
  }

  // With folds, the tables of the last positions are kept, and a sum is added to once for a row of taps. The stride
  // and dilation along the row are 1, the channels one chunk.
  void add_folded(int64_t column) {
    const int64_t tables = window_.channels / plan_.bits;
    const int64_t slot = column % kMaxFolds;
    totals_[slot] = Pixels::zero();
    fill(channels_at(column), window_.channels, tables_ + slot * plan_.table_size,
         totals_[slot]);
    const int64_t to = column - (kMaxFolds - 1);
    if (to < 0) return;
    const float* positions[kMaxFolds];
    for (int64_t j = 0; j < kMaxFolds; ++j) positions[j] = tables_ + (to + j) % kMaxFolds * plan_.table_size;
    const AddPlanes add = add_planes_for(plan_.bits, tables, kMaxFolds);
    for (int64_t i = 0; i < targets_count_; ++i) {
      float* sums = targets_[i].sums + to * pitch_;
      add(words_of(0, targets_[i].kernel_row), kMaxFolds, planes_, positions, tables, sums);
      if (!weights_.total_coefficient) continue;
      for (int64_t j = 0; j < kMaxFolds; ++j) add_total(totals_[(to + j) % kMaxFolds], sums);
    }
  }

  // `sums` are those of a position: of each plane, then the total.
  void add_total(const Pixels& total, float* sums) const {
    sums += group_planes_ * kSubImages;
    (Pixels::load(sums) + total).store(sums);
  }

  // The result of a filter at a position, but for bias and what follows it.
  Pixels result(int64_t filter, const float* sums) const {
    Pixels y = Pixels::zero();
    if (weights_.total_coefficient) {
      const float coefficient = weights_.total_coefficient[band_.group * window_.filters + filter];
      y = fma(coefficient, Pixels::load(sums + group_planes_ * kSubImages), y);
    }
    const int64_t base = row_start_[0] + first_plane_;
    for (int64_t plane = row_start_[filter]; plane < row_start_[filter + 1]; ++plane)
      y = fma(weights_.coefficient[plane], Pixels::load(sums + (plane - base) * kSubImages), y);
    return y;
  }

  void finish_row(int64_t row) const {
    if (window_.output_sub_images)
      finish_positions(row);
    else
      finish_lines(row);
  }

  // Row `row` of all sub-images, filter by filter: back into lines of the images, then out.
  void finish_lines(int64_t row) const {
    const int64_t line = cut_.columns * cut_.width;
    const int64_t pitch = line + F32::kLanes;  // transposed fours write up to three more, loads read up to a vector
    const int64_t count = line < window_.out_width ? line : window_.out_width;
    const float* sums = sums_of_row(row);
    const LineParts parts(cut_, lines_, pitch, cut_.width);
    for (int64_t filter = band_.first_filter; filter < band_.end_filter; ++filter) {
      scatter_positions(parts, cut_.width, [&](int64_t column) { return result(filter, sums + column * pitch_); });
      for (int64_t i = 0; i < cut_.images * cut_.rows; ++i) {
        const int64_t image = band_.block * cut_.images + i / cut_.rows;
        const int64_t at = i % cut_.rows * cut_.height + row;
        if (image < window_.batch && at < window_.out_height) finish_line(image, filter, lines_ + i * pitch, count, at);
      }
    }
  }

  // The same where the output is held as sub-images.
  void finish_positions(int64_t row) const {
    const int64_t filters = window_.groups * window_.filters;
    const float* sums = sums_of_row(row);
    for (int64_t column = 0; column < cut_.width; ++column) {
      const Mask mask = existing(row, column);
      const int64_t position = (band_.block * cut_.height + row) * cut_.width + column;
      for (int64_t filter = band_.first_filter; filter < band_.end_filter; ++filter) {
        const int64_t m = band_.group * window_.filters + filter;
        const int64_t out = (position * filters + m) * kSubImages;
        const F32 slope = F32::set(finish_.activation.slope ? finish_.activation.slope[m] : 0.0f);
        Pixels y = result(filter, sums + column * pitch_);
        for (int i = 0; i < kVectors; ++i) {
          y.v[i] = y.v[i] + F32::set(finish_.bias[m]);
          if (finish_.residual) y.v[i] = y.v[i] + F32::load(finish_.residual + out + i * F32::kLanes);
          y.v[i] = activate(finish_.activation, y.v[i], slope);
        }
        keep_where(mask, y).store(finish_.output + out);
      }
    }
  }

  // The sub-images whose pixel at a position exists.
  Mask existing(int64_t row, int64_t column) const {
    Mask mask;
    for (int64_t lane = 0; lane < kSubImages; ++lane) {
      const int64_t image = band_.block * cut_.images + lane / cut_.columns / cut_.rows;
      const bool exists = image < window_.batch &&
                          lane / cut_.columns % cut_.rows * cut_.height + row < window_.out_height &&
                          lane % cut_.columns * cut_.width + column < window_.out_width;
      mask.lanes[lane] = exists ? -1 : 0;
    }
    return mask;
  }

  void finish_line(int64_t image, int64_t filter, const float* line, int64_t count, int64_t row) const {
    const int64_t m = band_.group * window_.filters + filter;
    const F32 bias = F32::set(finish_.bias[m]);
    const F32 slope = F32::set(finish_.activation.slope ? finish_.activation.slope[m] : 0.0f);
    const int64_t out =
        ((image * window_.groups * window_.filters + m) * window_.out_height + row) * window_.out_width;
    for (int64_t i = 0; i < count; i += F32::kLanes) {
      const int64_t lanes = count - i;
      F32 x = F32::load(line + i) + bias;
      if (lanes >= F32::kLanes) {  // masked accesses are slow on some machines
        if (finish_.residual) x = x + F32::load(finish_.residual + out + i);
        activate(finish_.activation, x, slope).store(finish_.output + out + i);
      } else {
        if (finish_.residual) x = x + load_first(finish_.residual + out + i, lanes);
        store_first(activate(finish_.activation, x, slope), finish_.output + out + i, lanes);
      }
    }
  }

  const Window& window_;
  const SharedTablesPlan& plan_;
  const SubImages& cut_;
  const Band& band_;
  const Finish& finish_;
  const SharedTablesWeights& weights_;
  const int32_t* row_start_;                    // of the group's filters
  int64_t group_planes_, first_plane_, planes_;  // of the group, of the group before the band's, of the band
  const float* input_ = nullptr;
  int64_t row_ = 0;  // of the input, that is being added
  float* tables_;
  float* pixels_;  // a row of a row-major input, or a position that neighbours contribute to
  float* lines_;
  float* sums_;
  Target* targets_;
  int64_t targets_count_ = 0;
  int64_t pitch_;  // from the sums of a position to those of the next
  Pixels totals_[kMaxFolds];
};

void run_band(const Window& window, const SharedTablesPlan& plan, const Band& band, const Finish& finish,
              const float* input, const SharedTablesWeights& weights, float* memory) {
  Worker(window, plan, band, finish, weights, memory).run(input);
}

}  // namespace

extern const SharedTablesKernel shared_tables_kernel;
const SharedTablesKernel shared_tables_kernel = {PLUMLINE_ISA_NAME, kVectors == 1 ? 1.0 : 1.2, run_band};

}  // namespace PLUMLINE_ISA_NAMESPACE
}  // namespace plumline
