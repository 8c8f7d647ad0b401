// Goes through the positions of the input: what an adder makes of the channels there is added to the sums of all positions
// of the output that read it.

#include "core/simd_int16.h"
#include "kernels/integer/finish.inl"
#include "kernels/integer_sub_images/work.h"

namespace plumline {
namespace PLUMLINE_ISA_NAMESPACE {
namespace {

constexpr int64_t kLanes = kCodeSubImages;
constexpr int kWide = kLanes / I32::kLanes;  // vectors of int32 for a position

// A position of the sums that a tap moves a position of the input to.
struct Target {
  int64_t tap;
  int16_t* sums;  // of the first of the planes that are added up
};

// What an adder is given for a position.
struct Addition {
  int64_t chunk;
  int64_t phase;            // row and column of the position in the strides
  const int16_t* channels;  // of the chunk
  int64_t count;            // of channels
  const Target* targets;
  int64_t target_count;
  int64_t first_plane, planes;  // counted over the group
};

// `Adder` has add(const Addition&), which adds what a position contributes to its targets.
template <class Adder>
class Worker {
 public:
  Worker(const CodeWork& work, Adder& adder)
      : window_(work.window), plan_(work.plan), rows_(work.plan.rows), columns_(work.plan.columns), work_(work),
        adder_(adder), planes_of_(work.planes),
        row_start_(work.planes.row_start + work.band.group * work.window.filters) {
    std::byte* memory = work.scratch + plan_.adder;
    const auto take = [&](int64_t bytes) {
      std::byte* here = memory;
      memory += bytes;
      return here;
    };
    channels_ = reinterpret_cast<int16_t*>(take(plan_.channels));
    sums_ = reinterpret_cast<int16_t*>(take(plan_.sums)) + kLanes;
    wide_ = reinterpret_cast<int32_t*>(take(plan_.wide));
    totals_ = plan_.totals ? reinterpret_cast<int32_t*>(take(plan_.totals)) + kLanes : nullptr;
    for (int64_t lane = 0; lane < kLanes; ++lane) {
      image_[lane] = work.band.block * plan_.cut.images + lane / columns_.parts / rows_.parts;
      row_[lane] = lane / columns_.parts % rows_.parts;
      column_[lane] = lane % columns_.parts;
    }
    // Whether every sub-image lies inside of the images.
    whole_ = rows_.parts * rows_.in_size() == window_.height && columns_.parts * columns_.in_size() == window_.width &&
             (work.band.block + 1) * plan_.cut.images <= window_.batch;
  }

  void run() {
    const CodeBand& band = work_.band;
    for (int64_t filter = band.first_filter; filter < band.end_filter; filter += planes_of_.band_filters) {
      const int64_t rest = band.end_filter - filter;
      add_filters(filter, filter + (rest < planes_of_.band_filters ? rest : planes_of_.band_filters));
    }
  }

 private:
  void add_filters(int64_t first, int64_t end) {
    first_plane_ = row_start_[first] - row_start_[0];
    planes_ = row_start_[end] - row_start_[first];
    pitch_ = sums_pitch(planes_) * kLanes;
    if (totals_) clear_totals();
    const auto less = [&](int64_t chunk) { return planes_of_.less + chunk * planes_of_.count + row_start_[first]; };
    begin_sums(less(0));
    for (int64_t chunk = 0; chunk < planes_of_.chunks; ++chunk) {
      if (chunk > 0) widen(chunk == 1, less(chunk));
      for (int64_t row = 0; row < rows_.in_size(); ++row)
        for (int64_t column = 0; column < columns_.in_size(); ++column) add_position(chunk, row, column);
      exchange(sums_, pitch_);
    }
    if (totals_) exchange(totals_, kLanes);
    for (int64_t row = 0; row < rows_.size; ++row)
      for (int64_t column = 0; column < columns_.size; ++column) {
        if (work_.finish.to_float)
          finish_floats(row, column, first, end);
        else
          finish_codes(row, column, first, end);
      }
  }

  // Sums are counted from the first that lies before the edges.
  int64_t sum_number(int64_t row, int64_t column) const { return row * columns_.sums() + column; }
  int16_t* sums_at(int64_t row, int64_t column) const { return sums_ + sum_number(row, column) * pitch_; }
  int16_t* inside(int64_t row, int64_t column) const { return sums_at(row + rows_.before, column + columns_.before); }
  int32_t* total_at(int64_t row, int64_t column) const { return totals_ + sum_number(row, column) * kLanes; }
  int32_t* wide_at(int64_t row, int64_t column) const {
    return wide_ + (row * columns_.size + column) * planes_ * kLanes;
  }

  void begin_sums(const int16_t* less) const {
    const int64_t count = rows_.sums() * columns_.sums() * pitch_;
    for (int64_t i = 0; i < count; i += kLanes) S16x32::zero().store(sums_ + i);
    for (int64_t row = 0; row < rows_.size; ++row)
      for (int64_t column = 0; column < columns_.size; ++column) {
        int16_t* sums = inside(row, column);
        for (int64_t plane = 0; plane < planes_; ++plane) S16x32::set(less[plane]).store(sums + plane * kLanes);
      }
  }

  void clear_totals() const {
    const int64_t count = rows_.sums() * columns_.sums() * kLanes;
    for (int64_t i = 0; i < count; i += I32::kLanes) I32::set(0).store(totals_ + i);
  }

  void add_position(int64_t chunk, int64_t row, int64_t column) const {
    const int64_t down = row / rows_.stride, across = column / columns_.stride;
    Target targets[kMostCodeTaps];
    int64_t numbers[kMostCodeTaps], count = 0;
    const int64_t row_phase = row % rows_.stride, column_phase = column % columns_.stride;
    for (int64_t i = 0; i < window_.kernel_height; ++i) {
      if (rows_.phase(i) != row_phase) continue;
      for (int64_t j = 0; j < window_.kernel_width; ++j) {
        if (columns_.phase(j) != column_phase) continue;
        const int64_t at = sum_number(down + rows_.move(i) + rows_.before, across + columns_.move(j) + columns_.before);
        numbers[count] = at;
        targets[count++] = {i * window_.kernel_width + j, sums_ + at * pitch_};
      }
    }
    if (count == 0) return;
    const int64_t channels = load_channels(chunk, row, column);
    adder_.add({chunk, row_phase * columns_.stride + column_phase, channels_, channels, targets, count, first_plane_,
                planes_});
    if (totals_) add_total(channels, numbers, count);
  }

  // The channels of a chunk at a position, less the zero point; what lies outside of the images is zero.
  int64_t load_channels(int64_t chunk, int64_t row, int64_t column) const {
    const int64_t first = chunk * planes_of_.chunk_channels, rest = window_.channels - first;
    const int64_t count = rest < planes_of_.chunk_channels ? rest : planes_of_.chunk_channels;
    const uint8_t* from =
        work_.input + ((row * columns_.in_size() + column) * window_.groups * window_.channels + first) * kLanes;
    const S16x32 zero_point = S16x32::set(static_cast<int16_t>(work_.codes.zero_point));
    if (whole_) {
      for (int64_t i = 0; i < count * kLanes; i += kLanes)
        (load_codes(from + i, work_.codes.is_signed) - zero_point).store(channels_ + i);
    } else {
      const S16x32 mask = lanes_inside(row, column);
      for (int64_t i = 0; i < count * kLanes; i += kLanes)
        ((load_codes(from + i, work_.codes.is_signed) - zero_point) & mask).store(channels_ + i);
    }
    return count;
  }

  // -1 for each sub-image whose pixel at a position of the input exists.
  S16x32 lanes_inside(int64_t row, int64_t column) const {
    int16_t lanes[kLanes];
    for (int64_t lane = 0; lane < kLanes; ++lane) {
      const int64_t y = row_[lane] * rows_.in_size() + row, x = column_[lane] * columns_.in_size() + column;
      lanes[lane] = image_[lane] < window_.batch && y < window_.height && x < window_.width ? -1 : 0;
    }
    return S16x32::load(lanes);
  }

  // The sum of a chunk's channels, to all targets; it stays in int16, as a chunk has at most 64 of at most 255.
  void add_total(int64_t channels, const int64_t* numbers, int64_t count) const {
    S16x32 total = S16x32::zero();
    for (int64_t i = 0; i < channels * kLanes; i += kLanes) total = total + S16x32::load(channels_ + i);
    int16_t lanes[kLanes];
    total.store(lanes);
    for (int64_t i = 0; i < count; ++i)
      for (int v = 0; v < kWide; ++v) {
        int32_t* to = totals_ + numbers[i] * kLanes + v * I32::kLanes;
        (I32::load(to) + load_wide(lanes + v * I32::kLanes)).store(to);
      }
  }

  // Gives sums beyond the edges to the neighbours, and leaves zeros: those beyond columns first, in all rows, then those beyond rows. A
  // position has `pitch` numbers.
  template <class Number>
  void exchange(Number* sums, int64_t pitch) const {
    const auto at = [&](int64_t row, int64_t column) { return sums + sum_number(row, column) * pitch; };
    for (int64_t column = 0; column < columns_.sums(); ++column) {
      const int64_t across = direction(columns_, column);
      if (across == 0) continue;
      int16_t mask[kLanes];
      find_neighbours(0, across, mask);
      for (int64_t row = 0; row < rows_.sums(); ++row)
        give(at(row, column), at(row, column + across * columns_.size), across, mask, pitch);
    }
    for (int64_t row = 0; row < rows_.sums(); ++row) {
      const int64_t down = direction(rows_, row);
      if (down == 0) continue;
      int16_t mask[kLanes];
      find_neighbours(down, 0, mask);
      for (int64_t column = columns_.before; column < columns_.before + columns_.size; ++column)
        give(at(row, column), at(row + down * rows_.size, column), down * columns_.parts, mask, pitch);
    }
  }

  // Where a sub-image gets the sums from that neighbours have at a position: +1, -1, or 0 for a position inside.
  static int64_t direction(const CodeAxis& axis, int64_t at) {
    return at < axis.before ? 1 : at >= axis.before + axis.size ? -1 : 0;
  }

  // -1 for each sub-image that has a neighbour so many rows and columns of sub-images away.
  void find_neighbours(int64_t down, int64_t across, int16_t* lanes) const {
    for (int64_t lane = 0; lane < kLanes; ++lane) {
      const int64_t row = row_[lane] + down, column = column_[lane] + across;
      lanes[lane] = row >= 0 && row < rows_.parts && column >= 0 && column < columns_.parts ? -1 : 0;
    }
  }

  // The lanes that a load takes from the vectors before or behind are masked.
  static void give(int16_t* from, int16_t* to, int64_t shift, const int16_t* lanes, int64_t count) {
    // In the order in which no load waits for the zeros of the vector before.
    const S16x32 mask = S16x32::load(lanes);
    for (int64_t n = 0; n < count; n += kLanes) {
      const int64_t i = shift > 0 ? n : count - kLanes - n;
      (S16x32::load(to + i) + (S16x32::load(from + i + shift) & mask)).store(to + i);
      S16x32::zero().store(from + i);
    }
  }
  static void give(const int32_t* from, int32_t* to, int64_t shift, const int16_t* lanes, int64_t) {
    for (int64_t i = 0; i < kLanes; i += I32::kLanes)
      (I32::load(to + i) - I32::load(from + i + shift) * load_wide(lanes + i)).store(to + i);
  }

  // What a chunk has added up goes on in int32, and the sums of the next one begin: those beyond the edges are zero.
  void widen(bool first, const int16_t* less) const {
    for (int64_t row = 0; row < rows_.size; ++row)
      for (int64_t column = 0; column < columns_.size; ++column) {
        int16_t* sums = inside(row, column);
        int32_t* to = wide_at(row, column);
        for (int64_t plane = 0; plane < planes_; ++plane, sums += kLanes, to += kLanes) {
          for (int i = 0; i < kLanes; i += I32::kLanes) {
            const I32 sum = load_wide(sums + i);
            (first ? sum : sum + I32::load(to + i)).store(to + i);
          }
          S16x32::set(less[plane]).store(sums);
        }
      }
  }

  // The sum of a filter at a position, but for its bias.
  void sum_of(int64_t filter, int64_t row, int64_t column, I32 (&sum)[kWide]) const {
    for (int v = 0; v < kWide; ++v) sum[v] = I32::set(0);
    for (int64_t plane = row_start_[filter]; plane < row_start_[filter + 1]; ++plane) {
      const int64_t at = (plane - row_start_[0] - first_plane_) * kLanes;
      const int16_t* last = inside(row, column) + at;
      I32 of_plane[kWide];
      for (int v = 0; v < kWide; ++v) of_plane[v] = load_wide(last + v * I32::kLanes);
      if (planes_of_.chunks > 1) {
        const int32_t* before = wide_at(row, column) + at;
        for (int v = 0; v < kWide; ++v) of_plane[v] = of_plane[v] + I32::load(before + v * I32::kLanes);
      }
      const int32_t coefficient = planes_of_.coefficient[plane];
      for (int v = 0; v < kWide; ++v)
        sum[v] = coefficient == 1    ? sum[v] + of_plane[v]
                 : coefficient == -1 ? sum[v] - of_plane[v]
                                     : sum[v] + I32::set(coefficient) * of_plane[v];
    }
    if (!totals_) return;
    const I32 coefficient = I32::set(planes_of_.total_coefficient[work_.band.group * window_.filters + filter]);
    const int32_t* total = total_at(row + rows_.before, column + columns_.before);
    for (int v = 0; v < kWide; ++v) sum[v] = sum[v] + coefficient * I32::load(total + v * I32::kLanes);
  }

  // Real numbers of a filter at a position.
  void real_at(int64_t filter, int64_t row, int64_t column, F32 (&real)[kWide]) const {
    const IntegerFinish& finish = work_.finish;
    const I32 bias = I32::set(finish.bias[filter]);
    const F32 multiplier = F32::set(finish.multiplier[filter]), offset = F32::set(finish.offset[filter]);
    I32 sum[kWide];
    sum_of(filter, row, column, sum);
    for (int v = 0; v < kWide; ++v) real[v] = real_of(sum[v], bias, multiplier, offset);
  }

  void finish_codes(int64_t row, int64_t column, int64_t first, int64_t end) const {
    const Rounding round(work_.finish.output);
    const int64_t position = row * columns_.size + column, filters = window_.groups * window_.filters;
    uint8_t* to = static_cast<uint8_t*>(work_.output) +
                  (position * filters + work_.band.group * window_.filters + first) * kLanes;
    for (int64_t filter = first; filter < end; ++filter, to += kLanes) {
      F32 real[kWide];
      real_at(filter, row, column, real);
      I32 codes[kWide];
      for (int v = 0; v < kWide; ++v) codes[v] = round(real[v]);
      store_low_bytes(codes, to);
    }
  }

  void finish_floats(int64_t row, int64_t column, int64_t first, int64_t end) const {
    int64_t pixel[kLanes];  // of the group's first filter; -1 outside of the images
    for (int64_t lane = 0; lane < kLanes; ++lane) {
      const int64_t y = row_[lane] * rows_.size + row, x = column_[lane] * columns_.size + column;
      const bool exists = image_[lane] < window_.batch && y < window_.out_height && x < window_.out_width;
      const int64_t plane = (image_[lane] * window_.groups + work_.band.group) * window_.filters;
      pixel[lane] = exists ? plane * window_.pixels() + y * window_.out_width + x : -1;
    }
    for (int64_t filter = first; filter < end; ++filter) {
      F32 real[kWide];
      real_at(filter, row, column, real);
      float numbers[kLanes];
      for (int v = 0; v < kWide; ++v) real[v].store(numbers + v * F32::kLanes);
      for (int64_t lane = 0; lane < kLanes; ++lane)
        if (pixel[lane] >= 0) static_cast<float*>(work_.output)[pixel[lane] + filter * window_.pixels()] = numbers[lane];
    }
  }

  const Window& window_;
  const CodePlan& plan_;
  const CodeAxis &rows_, &columns_;
  const CodeWork& work_;
  Adder& adder_;
  const CodePlanes& planes_of_;
  const int32_t* row_start_;  // of the group's filters
  int16_t* channels_;
  int16_t* sums_;
  int32_t* wide_;
  int32_t* totals_;
  bool whole_;
  int64_t image_[kLanes], row_[kLanes], column_[kLanes];  // of each sub-image: which it belongs to, where it lies in it
  int64_t first_plane_ = 0, planes_ = 0;  // of the filters that are being added up; counted over the group
  int64_t pitch_ = 0;                     // from the sums of a position to those of the next, in numbers
};

}  // namespace
}  // namespace PLUMLINE_ISA_NAMESPACE
}  // namespace plumline
