#include "kernels/integer_tables/integer_tables.h"

#include "kernels/integer/finish.inl"
#include "kernels/integer/lanes.inl"

namespace plumline {
namespace PLUMLINE_ISA_NAMESPACE {
namespace {

#if defined(__AVX512BW__)
constexpr double kSlowness = 1;
#elif defined(__AVX2__)
constexpr double kSlowness = 1.2;
#else
constexpr double kSlowness = 2.3;
#endif

constexpr int kWide = kLaneImages / I32::kLanes;  // vectors of int32 for a position

// Fills a table: entry e is the sum of the channels whose bit is set in e. Entry 0 is zero already. `total` grows by
// the last one. The sums of the first three channels stay in registers, so that nothing is read back.
template <int bits>
inline void fill_table(const int16_t* channels, int16_t* table, S16x32& total) {
  constexpr int kLow = bits < 3 ? bits : 3;
#pragma GCC unroll 4
  for (int part = 0; part < S16x32::kParts; ++part) {
    using Part = S16x32::Part;
    const auto at = [part](auto* p, int i) { return p + i * kLaneImages + part * (kLaneImages / S16x32::kParts); };
    Part low[1 << kLow];
    low[0] = Part::zero();
#pragma GCC unroll 3
    for (int bit = 0; bit < kLow; ++bit) {
      const Part x = Part::load(at(channels, bit));
#pragma GCC unroll 4
      for (int i = 0; i < 1 << bit; ++i) low[(1 << bit) + i] = low[i] + x;
    }
    Part last = low[(1 << kLow) - 1];
#pragma GCC unroll 8
    for (int i = 1; i < 1 << kLow; ++i) low[i].store(at(table, i));
    Part upper[1 << (bits - kLow)];
    upper[0] = Part::zero();
#pragma GCC unroll 2
    for (int bit = 0; bit < bits - kLow; ++bit) {
      const Part x = Part::load(at(channels, kLow + bit));
#pragma GCC unroll 2
      for (int h = 0; h < 1 << bit; ++h) {
        const int entry = (1 << bit) + h;
        upper[entry] = upper[h] + x;
#pragma GCC unroll 8
        for (int i = 0; i < 1 << kLow; ++i) (low[i] + upper[entry]).store(at(table, (entry << kLow) + i));
        last = low[(1 << kLow) - 1] + upper[entry];
      }
    }
    total.part(part) = total.part(part) + last;
  }
}

// All tables of one position: of each `bits` of the `count` channels, and of what is left of them.
template <int bits>
inline void fill_tables(const int16_t* channels, int64_t count, int16_t* tables, S16x32& total) {
  for (; count >= bits; count -= bits) {
    fill_table<bits>(channels, tables, total);
    channels += bits * kLaneImages;
    tables += kLaneImages << bits;
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
  return static_cast<int64_t>(shifted & (((uint64_t{1} << bits) - 1) << 6)) / 2;
}

// For each plane, adds the entries that its word names to its sum. From a plane's word to the next one's are `step`.
// Even and odd tables are added apart, for speed.
template <int bits, int tables>
void add_planes(const uint64_t* words, int64_t step, int64_t planes, const int16_t* position, int64_t, int16_t* sums) {
  for (int64_t plane = 0; plane < planes; ++plane, words += step, sums += kLaneImages) {
    const uint64_t word = *words;
    if (word == 0) continue;
    S16x32 even = S16x32::load(sums), odd = S16x32::zero();
#pragma GCC unroll 16
    for (int i = 0; i < tables; ++i) {
      const S16x32 entry = S16x32::load(position + i * (kLaneImages << bits) + entry_at<bits>(word, i));
      if (i % 2)
        odd = odd + entry;
      else
        even = even + entry;
    }
    (even + odd).store(sums);
  }
}

// The same for any number of tables.
template <int bits>
void add_any_planes(const uint64_t* words, int64_t step, int64_t planes, const int16_t* position, int64_t tables,
                    int16_t* sums) {
  for (int64_t plane = 0; plane < planes; ++plane, words += step, sums += kLaneImages) {
    uint64_t word = *words;
    if (word == 0) continue;
    S16x32 sum = S16x32::load(sums);
    for (int64_t i = 0; i < tables; ++i, word >>= bits)
      sum = sum + S16x32::load(position + i * (kLaneImages << bits) + entry_at<bits>(word, 0));
    sum.store(sums);
  }
}

using AddPlanes = void (*)(const uint64_t* words, int64_t step, int64_t planes, const int16_t* position,
                           int64_t tables, int16_t* sums);

AddPlanes add_planes_for(int bits, int64_t tables) {
  if (bits == 5) return tables == 13 ? add_planes<5, 13> : tables == 7 ? add_planes<5, 7> : add_any_planes<5>;
  return tables == 16 ? add_planes<4, 16> : tables == 8 ? add_planes<4, 8> : tables == 4 ? add_planes<4, 4>
                                                                                       : add_any_planes<4>;
}

struct Target {
  int64_t kernel_row;
  int16_t* sums;  // of the first position of a row
};

// The work on one band.
class Worker {
 public:
  Worker(const Window& window, const IntegerTablesPlan& plan, const LaneBand& band, const IntegerFinish& finish,
         const IntegerTablesWeights& weights, void* output, std::byte* memory)
      : window_(window), plan_(plan), grid_(plan.grid), band_(band), finish_(finish), weights_(weights),
        output_(output) {
    row_start_ = weights.row_start + band.group * window.filters;
    group_planes_ = row_start_[window.filters] - row_start_[0];
    first_plane_ = row_start_[band.first_filter] - row_start_[0];
    planes_ = row_start_[band.end_filter] - row_start_[band.first_filter];
    const auto take = [&](int64_t bytes) {
      std::byte* here = memory;
      memory += bytes;
      return here;
    };
    tables_ = reinterpret_cast<int16_t*>(take(plan.tables));
    pixels_ = reinterpret_cast<int16_t*>(take(plan.pixels));
    sums_ = reinterpret_cast<int16_t*>(take(plan.sums_row * plan.sums_rows));
    targets_ = reinterpret_cast<Target*>(take(plan.targets));
    lines_ = reinterpret_cast<uint8_t*>(take(plan.lines));
    const int64_t line = (grid_.columns - 1) * grid_.width + round_up_block(grid_.width);
    for (int64_t i = 0; i < kLaneImages; ++i)
      parts_[i] = lines_ + i / grid_.columns * line + i % grid_.columns * grid_.width;
    pitch_ = plan.position / 2;
    zero_ = static_cast<uint8_t>(weights.zero + weights.codes.middle);
  }

  void run(const uint8_t* input) {
    clear(tables_, plan_.tables / 2);
    const uint8_t* image =
        input + (band_.image * window_.groups + band_.group) * window_.channels * window_.height * window_.width;
    const int64_t extent = (window_.kernel_height - 1) * window_.dilation_height;
    int64_t row = band_.first_row * window_.stride_height;
    int64_t begun = band_.first_row, finished = band_.first_row;
    for (; finished < band_.end_row; ++row) {
      if (begun < band_.end_row && row == begun * window_.stride_height)
        clear(sums_of_row(begun++), grid_.width * pitch_);
      find_targets(row);
      if (targets_count_ > 0) {
        interleave_row(image, row);
        for (int64_t column = 0; column < grid_.in_width; ++column)
          if (is_read(column)) add_position(column);
      }
      if (row == finished * window_.stride_height + extent) finish_row(finished++);
    }
  }

 private:
  static void clear(int16_t* to, int64_t count) {
    for (int64_t i = 0; i < count; i += kLaneImages) S16x32::zero().store(to + i);
  }

  int16_t* sums_of_row(int64_t row) const { return sums_ + row % plan_.sums_rows * (plan_.sums_row / 2); }

  // The output row, or column, that a tap moves an input row to: -1 for none.
  static int64_t moved(int64_t at, int64_t tap, int64_t dilation, int64_t stride, int64_t begin, int64_t end) {
    const int64_t back = at - tap * dilation;
    if (back < 0 || (stride > 1 && back % stride != 0)) return -1;
    const int64_t to = stride > 1 ? back / stride : back;
    return to >= begin && to < end ? to : -1;
  }
  int64_t output_column(int64_t column, int64_t tap) const {
    return moved(column, tap, window_.dilation_width, window_.stride_width, 0, grid_.width);
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
      const int64_t to = moved(row, i, window_.dilation_height, window_.stride_height, band_.first_row, band_.end_row);
      if (to >= 0) targets_[targets_count_++] = {i, sums_of_row(to)};
    }
  }

  // Input row `row` of all sub-images: pixels_[(column * channels + channel) * kLaneImages + sub-image].
  void interleave_row(const uint8_t* image, int64_t row) const {
    const int64_t step = grid_.width * window_.stride_width;  // from a sub-image to its neighbour
    const int64_t in_width = round_up_block(grid_.in_width);
    const int64_t read = (grid_.columns - 1) * step + in_width;
    const int64_t left = window_.pad_left < read ? window_.pad_left : read;
    const int64_t inside = window_.width < read - left ? window_.width : read - left;
    const int64_t next = window_.channels * kLaneImages;
    const uint8_t* source[kLaneImages];
    for (int64_t i = 0; i < kLaneImages; ++i) source[i] = lines_ + i / grid_.columns * read + i % grid_.columns * step;
    for (int64_t i = 0; i < grid_.rows * read; ++i) lines_[i] = zero_;
    for (int64_t channel = 0; channel < window_.channels; ++channel) {
      const uint8_t* plane = image + channel * window_.height * window_.width;
      for (int64_t i = 0; i < grid_.rows && inside > 0; ++i) {
        const int64_t at = i * grid_.height * window_.stride_height + row - window_.pad_top;
        if (at >= 0 && at < window_.height) copy_bytes(plane + at * window_.width, lines_ + i * read + left, inside);
      }
      int16_t* to = pixels_ + channel * kLaneImages;
      for (int64_t column = 0; column < in_width; column += kBlock)
        codes_to_positions(source, column, kBlock, weights_.codes, to + column * next, next);
    }
  }

  // The words of a kernel row of a chunk that belong to the band's first plane.
  const uint64_t* words_of(int64_t chunk, int64_t kernel_row) const {
    const int64_t before = (chunk * window_.kernel_height + kernel_row) * group_planes_ + first_plane_;
    return weights_.words + row_start_[0] * plan_.chunks * window_.taps() + before * window_.kernel_width;
  }

  void add_position(int64_t column) const {
    const int16_t* channels = pixels_ + column * window_.channels * kLaneImages;
    I32 total[kWide];
    for (int v = 0; v < kWide; ++v) total[v] = I32::set(0);
    for (int64_t chunk = 0; chunk < plan_.chunks; ++chunk) {
      const int64_t first = chunk * plan_.chunk;
      const int64_t count = window_.channels - first < plan_.chunk ? window_.channels - first : plan_.chunk;
      const int64_t tables = (count + plan_.bits - 1) / plan_.bits;
      const AddPlanes add = add_planes_for(plan_.bits, tables);
      S16x32 part = S16x32::zero();
      if (plan_.bits == 5)
        fill_tables<5>(channels + first * kLaneImages, count, tables_, part);
      else
        fill_tables<4>(channels + first * kLaneImages, count, tables_, part);
      for (int64_t i = 0; i < targets_count_; ++i) {
        const uint64_t* words = words_of(chunk, targets_[i].kernel_row);
        for (int64_t j = 0; j < window_.kernel_width; ++j) {
          const int64_t to = output_column(column, j);
          if (to < 0) continue;
          int16_t* sums = targets_[i].sums + to * pitch_ + chunk * group_planes_ * kLaneImages;
          add(words + j, window_.kernel_width, planes_, tables_, tables, sums);
        }
      }
      if (weights_.total_coefficient) add_wide(part, total);
    }
    if (!weights_.total_coefficient) return;
    for (int64_t i = 0; i < targets_count_; ++i)
      for (int64_t j = 0; j < window_.kernel_width; ++j) {
        const int64_t to = output_column(column, j);
        if (to < 0) continue;
        int16_t* sums = totals_of(targets_[i].sums + to * pitch_);
        for (int v = 0; v < kWide; ++v) (I32::load(sums + v * 2 * I32::kLanes) + total[v]).store(sums + v * 2 * I32::kLanes);
      }
  }

  static void add_wide(const S16x32& part, I32 (&total)[kWide]) {
    int16_t numbers[kLaneImages];
    part.store(numbers);
    for (int v = 0; v < kWide; ++v) total[v] = total[v] + load_wide(numbers + v * I32::kLanes);
  }

  int16_t* totals_of(int16_t* sums) const { return sums + plan_.chunks * group_planes_ * kLaneImages; }
  const int16_t* totals_of(const int16_t* sums) const { return sums + plan_.chunks * group_planes_ * kLaneImages; }

  // The sum of a filter at a position, but for its bias.
  void sum_of(int64_t filter, const int16_t* sums, I32 (&sum)[kWide]) const {
    for (int v = 0; v < kWide; ++v) sum[v] = I32::set(0);
    if (weights_.total_coefficient) {
      const I32 coefficient = I32::set(weights_.total_coefficient[band_.group * window_.filters + filter]);
      for (int v = 0; v < kWide; ++v) sum[v] = coefficient * I32::load(totals_of(sums) + v * 2 * I32::kLanes);
    }
    const int64_t base = row_start_[0] + first_plane_;
    for (int64_t plane = row_start_[filter]; plane < row_start_[filter + 1]; ++plane) {
      I32 subset[kWide];
      for (int v = 0; v < kWide; ++v) subset[v] = I32::set(0);
      for (int64_t chunk = 0; chunk < plan_.chunks; ++chunk) {
        const int16_t* part = sums + (chunk * group_planes_ + plane - base) * kLaneImages;
        for (int v = 0; v < kWide; ++v) subset[v] = subset[v] + load_wide(part + v * I32::kLanes);
      }
      const int32_t coefficient = weights_.coefficient[plane];
      for (int v = 0; v < kWide; ++v)
        sum[v] = coefficient == 1    ? sum[v] + subset[v]
                 : coefficient == -1 ? sum[v] - subset[v]
                                     : sum[v] + I32::set(coefficient) * subset[v];
    }
  }

  // Row `row` of all sub-images, filter by filter: back into lines of the image, then out.
  void finish_row(int64_t row) const {
    const int16_t* sums = sums_of_row(row);
    for (int64_t filter = band_.first_filter; filter < band_.end_filter; ++filter) {
      const I32 bias = I32::set(finish_.bias[filter]);
      const F32 multiplier = F32::set(finish_.multiplier[filter]), offset = F32::set(finish_.offset[filter]);
      const auto real = [&](I32 sum) { return real_of(sum, bias, multiplier, offset); };
      if (finish_.to_float)
        finish_floats(row, filter, sums, real);
      else
        finish_codes(row, filter, sums, real);
    }
  }

  int64_t output_row(int64_t filter, int64_t row) const {
    const int64_t m = band_.group * window_.filters + filter;
    return ((band_.image * window_.groups * window_.filters + m) * window_.out_height + row) * window_.out_width;
  }

  template <class Real>
  void finish_codes(int64_t row, int64_t filter, const int16_t* sums, const Real& real) const {
    const Rounding round(finish_.output);
    const int64_t count = grid_.columns * grid_.width < window_.out_width ? grid_.columns * grid_.width : window_.out_width;
    // From the last columns to the first: what a block writes beyond its sub-image is the beginning of the next ones.
    for (int64_t column = round_up_block(grid_.width) - kBlock; column >= 0; column -= kBlock) {
      uint8_t block[kBlock][kLaneImages];
      for (int64_t j = 0; j < kBlock && column + j < grid_.width; ++j) {
        I32 sum[kWide];
        sum_of(filter, sums + (column + j) * pitch_, sum);
        for (int v = 0; v < kWide; ++v) sum[v] = round(real(sum[v]));
        store_low_bytes(sum, block[j]);
      }
      for (int64_t j = grid_.width - column; j < kBlock; ++j)
        for (int64_t lane = 0; lane < kLaneImages; ++lane) block[j][lane] = 0;
      positions_to_codes(block, parts_, column);
    }
    for (int64_t i = 0; i < grid_.rows; ++i) {
      const int64_t at = i * grid_.height + row;
      if (at < window_.out_height)
        copy_bytes(parts_[i * grid_.columns], static_cast<uint8_t*>(output_) + output_row(filter, at), count);
    }
  }

  template <class Real>
  void finish_floats(int64_t row, int64_t filter, const int16_t* sums, const Real& real) const {
    float* to[kLaneImages];  // where the row of each sub-image goes, and how much of it exists
    int64_t count[kLaneImages];
    for (int64_t lane = 0; lane < kLaneImages; ++lane) {
      const int64_t y = lane / grid_.columns * grid_.height + row, x = lane % grid_.columns * grid_.width;
      const bool exists = y < window_.out_height && x < window_.out_width;
      const int64_t left = window_.out_width - x;
      to[lane] = static_cast<float*>(output_) + (exists ? output_row(filter, y) + x : 0);
      count[lane] = !exists ? 0 : left < grid_.width ? left : grid_.width;
    }
    for (int64_t column = 0; column < grid_.width; column += kBlock) {
      float block[kBlock][kLaneImages];
      const int64_t columns = grid_.width - column < kBlock ? grid_.width - column : kBlock;
      for (int64_t j = 0; j < columns; ++j) {
        I32 sum[kWide];
        sum_of(filter, sums + (column + j) * pitch_, sum);
        for (int v = 0; v < kWide; ++v) real(sum[v]).store(block[j] + v * I32::kLanes);
      }
      for (int64_t lane = 0; lane < kLaneImages; ++lane) {
        const int64_t left = count[lane] - column;
        for (int64_t j = 0; j < columns && j < left; ++j) to[lane][column + j] = block[j][lane];
      }
    }
  }

  const Window& window_;
  const IntegerTablesPlan& plan_;
  const LaneGrid& grid_;
  const LaneBand& band_;
  const IntegerFinish& finish_;  // begins with the group's first filter
  const IntegerTablesWeights& weights_;
  void* output_;
  const int32_t* row_start_;                     // of the group's filters
  int64_t group_planes_, first_plane_, planes_;  // of the group, of the group before the band's, of the band
  int16_t* tables_;
  int16_t* pixels_;
  int16_t* sums_;
  Target* targets_;
  uint8_t* lines_;
  uint8_t* parts_[kLaneImages];  // where lines of the output have those of each sub-image
  uint8_t zero_;  // the code of the padding
  int64_t targets_count_ = 0;
  int64_t pitch_;  // from the sums of a position to those of the next, in numbers
};

void run_band(const Window& window, const IntegerTablesPlan& plan, const LaneBand& band, const IntegerFinish& finish,
              const uint8_t* input, const IntegerTablesWeights& weights, void* output, std::byte* memory) {
  Worker(window, plan, band, finish, weights, output, memory).run(input);
}

}  // namespace

extern const IntegerTablesKernel integer_tables_kernel;
const IntegerTablesKernel integer_tables_kernel = {PLUMLINE_ISA_NAME, kSlowness, run_band};

}  // namespace PLUMLINE_ISA_NAMESPACE
}  // namespace plumline
