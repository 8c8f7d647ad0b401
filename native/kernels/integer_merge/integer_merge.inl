#include "kernels/integer_merge/integer_merge.h"

#include "kernels/integer/finish.inl"
#include "kernels/integer/lanes.inl"

namespace plumline {
namespace PLUMLINE_ISA_NAMESPACE {
namespace {

constexpr int kWide = kLaneImages / I32::kLanes;  // vectors of int32 for a position

// The work on one band.
class Worker {
 public:
  Worker(const Window& window, const IntegerMergePlan& plan, const MergeBand& band, const IntegerFinish& finish,
         const IntegerMergeWeights& weights, void* output, std::byte* memory)
      : window_(window), plan_(plan), rows_(plan.rows), columns_(plan.columns), band_(band), finish_(finish),
        weights_(weights), output_(output), row_start_(weights.row_start + band.group * window.filters) {
    const auto take = [&](int64_t bytes) {
      std::byte* here = memory;
      memory += bytes;
      return here;
    };
    temporaries_ = take(plan.temporaries);
    pixels_ = reinterpret_cast<int16_t*>(take(plan.pixels));
    sums_ = reinterpret_cast<int16_t*>(take(plan.sums)) + kLaneImages;
    wide_ = reinterpret_cast<int32_t*>(take(plan.wide));
    lines_ = reinterpret_cast<uint8_t*>(take(plan.lines));
    const int64_t line = (columns_.parts - 1) * columns_.size + round_up_block(columns_.size) + kSlack;
    for (int64_t i = 0; i < kLaneImages; ++i)
      parts_[i] = lines_ + i / columns_.parts * line + i % columns_.parts * columns_.size;
  }

  void run(const uint8_t* input) {
    read(input + (band_.image * window_.groups + band_.group) * window_.channels * window_.height * window_.width);
    for (int64_t filter = band_.first_filter; filter < band_.end_filter; filter += weights_.band_filters) {
      const int64_t rest = band_.end_filter - filter;
      add_filters(filter, filter + (rest < weights_.band_filters ? rest : weights_.band_filters));
    }
  }

 private:
  // Rows of the image, one of each sub-image, as a channel has them; those of the next channel are `step` bytes on. Where
  // a sub-image has no whole blocks in the image, they are copied to a line of its own first.
  struct Source {
    const uint8_t* from[kLaneImages];
    int64_t step[kLaneImages];
    const uint8_t* copied[kLaneImages];  // what the first lines are copied from
    int64_t lane[kLaneImages], count[kLaneImages];
    int64_t copies = 0;
  };

  // The whole input: pixels_[(position * channels + channel) * kLaneImages + sub-image]. What lies outside of the image
  // is the zero point, which adds nothing.
  void read(const uint8_t* image) const {
    const int64_t line = round_up_block(columns_.size);
    for (int64_t i = 0; i < (kLaneImages + 1) * line; ++i) lines_[i] = static_cast<uint8_t>(weights_.codes.middle);
    for (int64_t row = 0; row < rows_.size; ++row) {
      Source source;
      find_source(image, row, line, source);
      int16_t* to = pixels_ + row * columns_.size * window_.channels * kLaneImages;
      for (int64_t channel = 0; channel < window_.channels; ++channel) read_channel(source, to + channel * kLaneImages);
    }
  }

  void find_source(const uint8_t* image, int64_t row, int64_t line, Source& source) const {
    const int64_t next_channel = window_.height * window_.width;
    for (int64_t lane = 0; lane < kLaneImages; ++lane) {
      const int64_t y = lane / columns_.parts * rows_.size + row, x = lane % columns_.parts * columns_.size;
      const bool outside = y >= window_.height || x >= window_.width;
      const bool whole = !outside && x + line <= window_.width;
      const uint8_t* from = image + (outside ? 0 : y * window_.width + x);
      source.step[lane] = whole ? next_channel : 0;
      source.from[lane] = whole ? from : lines_ + (outside ? kLaneImages : lane) * line;
      if (outside || whole) continue;
      source.copied[source.copies] = from;
      source.lane[source.copies] = lane;
      source.count[source.copies++] = window_.width - x;
    }
  }

  void read_channel(Source& source, int16_t* to) const {
    const int64_t line = round_up_block(columns_.size), next = window_.channels * kLaneImages;
    for (int64_t i = 0; i < source.copies; ++i) {
      copy_bytes(source.copied[i], lines_ + source.lane[i] * line, source.count[i]);
      source.copied[i] += window_.height * window_.width;
    }
    for (int64_t column = 0; column < columns_.size; column += kBlock) {
      const int64_t rest = columns_.size - column;
      codes_to_positions(source.from, column, rest < kBlock ? rest : kBlock, weights_.codes, to + column * next, next);
    }
    for (int64_t lane = 0; lane < kLaneImages; ++lane) source.from[lane] += source.step[lane];
  }

  void add_filters(int64_t first, int64_t end) {
    first_plane_ = row_start_[first] - row_start_[0];
    planes_ = row_start_[end] - row_start_[first];
    for (int64_t chunk = 0; chunk < weights_.chunks; ++chunk) {
      if (chunk > 0) widen(chunk == 1);
      begin_sums(weights_.less + chunk * weights_.planes + first_plane_);
      for (int64_t row = 0; row < rows_.size; ++row)
        for (int64_t column = 0; column < columns_.size; ++column) add_position(weights_.calls[chunk], row, column);
      exchange();
    }
    for (int64_t row = 0; row < rows_.size; ++row)
      for (int64_t filter = first; filter < end; ++filter) finish_row(row, filter);
  }

  // Of the band's first plane at a position of the sums.
  int16_t* sums_at(int64_t row, int64_t column) const {
    return sums_ + (row * columns_.sums() + column) * planes_ * kLaneImages;
  }
  int16_t* inside(int64_t row, int64_t column) const { return sums_at(rows_.before + row, columns_.before + column); }
  int32_t* wide_at(int64_t row, int64_t column) const {
    return wide_ + (row * columns_.size + column) * planes_ * kLaneImages;
  }

  void begin_sums(const int16_t* less) const {
    const int64_t count = rows_.sums() * columns_.sums() * planes_ * kLaneImages;
    for (int64_t i = 0; i < count; i += kLaneImages) S16x32::zero().store(sums_ + i);
    for (int64_t row = 0; row < rows_.size; ++row)
      for (int64_t column = 0; column < columns_.size; ++column) {
        int16_t* sums = inside(row, column);
        for (int64_t plane = 0; plane < planes_; ++plane) S16x32::set(less[plane]).store(sums + plane * kLaneImages);
      }
  }

  void add_position(const MergeCall& call, int64_t row, int64_t column) const {
    std::byte* sums[kMostIntegerMergeTaps];
    std::byte** next = sums;
    for (int64_t i = 0; i < window_.kernel_height; ++i)
      for (int64_t j = 0; j < window_.kernel_width; ++j) {
        const int16_t* to = sums_at(row + rows_.shift - i * window_.dilation_height,
                                    column + columns_.shift - j * window_.dilation_width);
        // Programs know planes by their number in the group.
        *next++ = reinterpret_cast<std::byte*>(reinterpret_cast<uintptr_t>(to) -
                                               static_cast<uintptr_t>(first_plane_ * kPositionBytes));
      }
    const int16_t* channels =
        pixels_ + ((row * columns_.size + column) * window_.channels + call.first_channel) * kLaneImages;
    call.run(call.code, reinterpret_cast<const std::byte*>(channels), temporaries_, sums, first_plane_,
             first_plane_ + planes_);
  }

  // Gives sums beyond the edges to the neighbours: those beyond columns first, in all rows, then those beyond rows.
  void exchange() const {
    for (int64_t column = 0; column < columns_.sums(); ++column) {
      const int64_t across = direction(columns_, column);
      if (across == 0) continue;
      const S16x32 mask = neighbours(0, across);
      for (int64_t row = 0; row < rows_.sums(); ++row)
        give(sums_at(row, column), sums_at(row, column + across * columns_.size), across, mask);
    }
    for (int64_t row = 0; row < rows_.sums(); ++row) {
      const int64_t down = direction(rows_, row);
      if (down == 0) continue;
      const S16x32 mask = neighbours(down, 0);
      for (int64_t column = columns_.before; column < columns_.before + columns_.size; ++column)
        give(sums_at(row, column), sums_at(row + down * rows_.size, column), down * columns_.parts, mask);
    }
  }

  // Where a sub-image gets the sums from that neighbours have at a position: +1, -1, or 0 for a position inside.
  static int64_t direction(const MergeAxis& axis, int64_t at) {
    return at < axis.before ? 1 : at >= axis.before + axis.size ? -1 : 0;
  }

  // -1 for each sub-image that has a neighbour so many rows and columns of sub-images away.
  S16x32 neighbours(int64_t down, int64_t across) const {
    int16_t lanes[kLaneImages];
    for (int64_t lane = 0; lane < kLaneImages; ++lane) {
      const int64_t row = lane / columns_.parts + down, column = lane % columns_.parts + across;
      lanes[lane] = row >= 0 && row < rows_.parts && column >= 0 && column < columns_.parts ? -1 : 0;
    }
    return S16x32::load(lanes);
  }

  // The lanes that a load takes from the vectors before or behind are masked.
  void give(const int16_t* from, int16_t* to, int64_t shift, const S16x32& mask) const {
    for (int64_t i = 0; i < planes_ * kLaneImages; i += kLaneImages)
      (S16x32::load(to + i) + (S16x32::load(from + i + shift) & mask)).store(to + i);
  }

  // What a chunk has added up goes on in int32.
  void widen(bool first) const {
    for (int64_t row = 0; row < rows_.size; ++row)
      for (int64_t column = 0; column < columns_.size; ++column) {
        const int16_t* sums = inside(row, column);
        int32_t* to = wide_at(row, column);
        for (int64_t i = 0; i < planes_ * kLaneImages; i += I32::kLanes) {
          const I32 sum = load_wide(sums + i);
          (first ? sum : sum + I32::load(to + i)).store(to + i);
        }
      }
  }

  // The sum of a filter at a position, but for its bias.
  void sum_of(int64_t filter, int64_t row, int64_t column, I32 (&sum)[kWide]) const {
    for (int v = 0; v < kWide; ++v) sum[v] = I32::set(0);
    for (int64_t plane = row_start_[filter]; plane < row_start_[filter + 1]; ++plane) {
      const int64_t at = (plane - row_start_[0] - first_plane_) * kLaneImages;
      const int16_t* last = inside(row, column) + at;
      I32 of_plane[kWide];
      for (int v = 0; v < kWide; ++v) of_plane[v] = load_wide(last + v * I32::kLanes);
      if (weights_.chunks > 1) {
        const int32_t* before = wide_at(row, column) + at;
        for (int v = 0; v < kWide; ++v) of_plane[v] = of_plane[v] + I32::load(before + v * I32::kLanes);
      }
      const int32_t coefficient = weights_.coefficient[plane];
      for (int v = 0; v < kWide; ++v)
        sum[v] = coefficient == 1    ? sum[v] + of_plane[v]
                 : coefficient == -1 ? sum[v] - of_plane[v]
                                     : sum[v] + I32::set(coefficient) * of_plane[v];
    }
  }

  // Row `row` of all sub-images of a filter: back into lines of the image, then out.
  void finish_row(int64_t row, int64_t filter) {
    const I32 bias = I32::set(finish_.bias[filter]);
    const F32 multiplier = F32::set(finish_.multiplier[filter]), offset = F32::set(finish_.offset[filter]);
    const auto real = [&](I32 sum) { return real_of(sum, bias, multiplier, offset); };
    if (finish_.to_float)
      finish_floats(row, filter, real);
    else
      finish_codes(row, filter, real);
  }

  int64_t output_row(int64_t filter, int64_t row) const {
    const int64_t m = band_.group * window_.filters + filter;
    return ((band_.image * window_.groups * window_.filters + m) * window_.out_height + row) * window_.out_width;
  }

  template <class Real>
  void finish_codes(int64_t row, int64_t filter, const Real& real) {
    const Rounding round(finish_.output);
    const int64_t width = columns_.size;
    const int64_t all = columns_.parts * width;
    // From the last columns to the first: what a block writes beyond its sub-image is the beginning of the next ones.
    for (int64_t column = round_up_block(width) - kBlock; column >= 0; column -= kBlock) {
      for (int64_t j = 0; j < kBlock && column + j < width; ++j) {
        I32 sum[kWide];
        sum_of(filter, row, column + j, sum);
        for (int v = 0; v < kWide; ++v) sum[v] = round(real(sum[v]));
        store_low_bytes(sum, block_[j]);
      }
      positions_to_codes(block_, parts_, column);
    }
    for (int64_t i = 0; i < rows_.parts; ++i) {
      const int64_t at = i * rows_.size + row;
      if (at < window_.out_height)
        copy_bytes(parts_[i * columns_.parts], static_cast<uint8_t*>(output_) + output_row(filter, at),
                   all < window_.out_width ? all : window_.out_width);
    }
  }

  template <class Real>
  void finish_floats(int64_t row, int64_t filter, const Real& real) const {
    for (int64_t column = 0; column < columns_.size; ++column) {
      I32 sum[kWide];
      sum_of(filter, row, column, sum);
      float numbers[kLaneImages];
      for (int v = 0; v < kWide; ++v) real(sum[v]).store(numbers + v * F32::kLanes);
      for (int64_t lane = 0; lane < kLaneImages; ++lane) {
        const int64_t y = lane / columns_.parts * rows_.size + row, x = lane % columns_.parts * columns_.size + column;
        if (y < window_.out_height && x < window_.out_width)
          static_cast<float*>(output_)[output_row(filter, y) + x] = numbers[lane];
      }
    }
  }

  const Window& window_;
  const IntegerMergePlan& plan_;
  const MergeAxis &rows_, &columns_;
  const MergeBand& band_;
  const IntegerFinish& finish_;  // begins with the group's first filter
  const IntegerMergeWeights& weights_;
  void* output_;
  const int32_t* row_start_;  // of the group's filters
  std::byte* temporaries_;
  int16_t* pixels_;
  int16_t* sums_;
  int32_t* wide_;
  uint8_t* lines_;
  uint8_t* parts_[kLaneImages];                 // where lines of the output have those of each sub-image
  uint8_t block_[kBlock][kLaneImages] = {};     // codes of some columns; what is beyond a sub-image does not matter
  int64_t first_plane_ = 0, planes_ = 0;  // of the filters that are being added up; counted over the group
};

void run_band(const Window& window, const IntegerMergePlan& plan, const MergeBand& band, const IntegerFinish& finish,
              const uint8_t* input, const IntegerMergeWeights& weights, void* output, std::byte* memory) {
  Worker(window, plan, band, finish, weights, output, memory).run(input);
}

}  // namespace

extern const IntegerMergeKernel integer_merge_kernel;
const IntegerMergeKernel integer_merge_kernel = {PLUMLINE_ISA_NAME, run_band};

}  // namespace PLUMLINE_ISA_NAMESPACE
}  // namespace plumline
