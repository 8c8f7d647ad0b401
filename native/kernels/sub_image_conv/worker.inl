// A convolution over sub-images: which positions add to which sums, and what becomes of the sums.

#include "kernels/activation/activation_simd.h"
#include "kernels/conv/lanes.h"
#include "kernels/sub_image_conv/rows.inl"

namespace plumline {
namespace PLUMLINE_ISA_NAMESPACE {

// A kernel row that reads a row of the input, and the sums it adds to.
struct Target {
  int64_t kernel_row;
  float* sums;  // of the first column
};

// The planes of a band, counted over the whole group, and where a position's sums lie: those of the band's planes one
// after the other, the total behind those of all planes.
struct BandPlanes {
  int64_t group, all, first, count;
  BandPlanes(const Window& window, const Band& band, const int32_t* row_start) : group(band.group) {
    const int32_t* rows = row_start + band.group * window.filters;
    all = rows[window.filters] - rows[0];
    first = rows[band.first_filter] - rows[0];
    count = rows[band.end_filter] - rows[band.first_filter];
  }
  int64_t pitch() const { return (all + 1) * kSubImages; }  // from the sums of a column to those of the next
  int64_t total() const { return all * kSubImages; }
};

// Which column of the sums a tap moves a column of the input to.
struct Columns {
  int64_t dilation, stride, end;
  Columns(const Window& window, const SubImageConvPlan& plan)
      : dilation(window.dilation_width), stride(window.stride_width), end(plan.sum_columns) {}
  int64_t moved(int64_t column, int64_t tap) const;  // -1 for none
};

// The row, or column, that a tap moves another to: -1 for none in [begin, end).
inline int64_t moved(int64_t at, int64_t tap, int64_t dilation, int64_t stride, int64_t begin, int64_t end) {
  const int64_t back = at - tap * dilation;
  if (back < 0 || (stride > 1 && back % stride != 0)) return -1;
  const int64_t to = stride > 1 ? back / stride : back;
  return to >= begin && to < end ? to : -1;
}
inline int64_t Columns::moved(int64_t column, int64_t tap) const {
  return PLUMLINE_ISA_NAMESPACE::moved(column, tap, dilation, stride, 0, end);
}

// The work on one band. What it adds to a sum, and in which order, does not depend on the band. An adder has
//   void add(int64_t column, const float* channels, const Target* targets, int64_t count)
// which gets the columns of a row in their order, and adds them to all their targets.
template <class Adder>
class Worker {
 public:
  // `memory` is what SubImageConvPlan::worker_bytes describes; its beginning is the adder's.
  Worker(const Window& window, const SubImageConvPlan& plan, const Band& band, const Finish& finish,
         const PlaneSums& result, const BandPlanes& planes, float* memory)
      : window_(window), plan_(plan), cut_(plan.cut), band_(band), finish_(finish), result_(result), planes_(planes) {
    pixels_ = memory + (plan.adder.scratch + kSubImages - 1) / kSubImages * kSubImages;
    sums_ = pixels_ + plan.pixels;
    lines_ = sums_ + plan.sums_row * plan.sums_rows;
    targets_ = reinterpret_cast<Target*>(lines_ + plan.lines);
  }

  void run(const float* input, Adder& adder) {
    input_ = input;
    const int64_t extent = (window_.kernel_height - 1) * window_.dilation_height;
    int64_t row = band_.first_row * window_.stride_height;
    int64_t begun = band_.first_row, finished = band_.first_row;
    for (; finished < band_.end_row; ++row) {
      if (begun < band_.end_row && row == begun * window_.stride_height)
        zero_line(sums_of_row(begun++), plan_.sums_row);
      find_targets(row);
      if (targets_count_ > 0) add_row(row, adder);
      if (row == finished * window_.stride_height + extent) finish_row(finished++);
    }
  }

 private:
  float* sums_of_row(int64_t row) const { return sums_ + row % plan_.sums_rows * plan_.sums_row; }

  void find_targets(int64_t row) {
    targets_count_ = 0;
    for (int64_t i = 0; i < window_.kernel_height; ++i) {
      const int64_t to = moved(row, i, window_.dilation_height, window_.stride_height, band_.first_row, band_.end_row);
      if (to >= 0) targets_[targets_count_++] = {i, sums_of_row(to)};
    }
  }

  void add_row(int64_t row, Adder& adder) const {
    if (!window_.input_sub_images) {
      const int64_t first_image = band_.block * cut_.images;
      const int64_t rest = window_.batch - first_image;
      const float* image = input_ + (first_image * window_.groups + band_.group) * window_.channels * window_.height *
                                        window_.width;
      interleave_row(window_, plan_, image, rest < cut_.images ? rest : cut_.images, row, lines_, pixels_);
    }
    for (int64_t column = plan_.first_column; column < plan_.end_column; ++column)
      adder.add(column, channels_at(row, column), targets_, targets_count_);
  }

  // The channels at a position of the input, one vector each.
  const float* channels_at(int64_t row, int64_t column) const {
    if (!window_.input_sub_images) return pixels_ + column * window_.channels * kSubImages;
    const int64_t all_channels = window_.groups * window_.channels;
    const float* block = input_ + band_.block * cut_.block_size(all_channels) +
                         band_.group * window_.channels * kSubImages;
    const Neighbour neighbour =
        find_neighbour(cut_, all_channels, block, row - window_.pad_top, column - window_.pad_left - shift());
    if (neighbour.inside) return neighbour.from;
    for (int64_t i = 0; i < window_.channels; ++i)
      load_where(neighbour.mask, shifted(neighbour.from, i * kSubImages + neighbour.shift))
          .store(pixels_ + i * kSubImages);
    return pixels_;
  }
  // By how much columns are counted further where sums are exchanged: the first one counts as `first_column`.
  int64_t shift() const { return plan_.first_column > 0 ? plan_.first_column - window_.pad_left : 0; }

  void finish_row(int64_t row) const {
    float* sums = sums_of_row(row);
    if (plan_.sum_columns > cut_.width) exchange(sums);
    sums += plan_.own_column * planes_.pitch();
    if (window_.output_sub_images)
      finish_positions(row, sums);
    else
      finish_lines(row, sums);
  }

  // Adds the sums in columns beyond the edge of each sub-image to those of the neighbours that they belong to.
  void exchange(float* sums) const {
    for (int64_t column = 0; column < plan_.sum_columns; ++column) {
      const int64_t own = column - plan_.own_column;
      if (own >= 0 && own < cut_.width) continue;
      const int64_t across = own < 0 ? -1 : 1;
      const float* from = sums + column * planes_.pitch();
      float* to = sums + (column - across * cut_.width) * planes_.pitch();
      const Mask mask = neighbours(cut_, 0, -across);
      for (int64_t plane = 0; plane < planes_.count; ++plane) take(mask, from, -across, plane * kSubImages, to);
      if (result_.total_coefficient) take(mask, from, -across, planes_.total(), to);
    }
  }
  static void take(const Mask& mask, const float* from, int64_t shift, int64_t at, float* to) {
    (Pixels::load(to + at) + load_where(mask, shifted(from, at + shift))).store(to + at);
  }

  // The result of a filter at a position, but for bias and what follows it.
  Pixels result(int64_t filter, const float* sums) const {
    Pixels y = Pixels::zero();
    if (result_.total_coefficient) {
      const float coefficient = result_.total_coefficient[band_.group * window_.filters + filter];
      y = fma(coefficient, Pixels::load(sums + planes_.total()), y);
    }
    const int32_t* row_start = result_.row_start + band_.group * window_.filters;
    const int64_t base = row_start[0] + planes_.first;
    for (int64_t plane = row_start[filter]; plane < row_start[filter + 1]; ++plane)
      y = fma(result_.coefficient[plane], Pixels::load(sums + (plane - base) * kSubImages), y);
    return y;
  }

  // Row `row` of all sub-images, filter by filter: back into lines of the images, then out.
  void finish_lines(int64_t row, const float* sums) const {
    const int64_t line = cut_.columns * cut_.width;
    const int64_t pitch = line + F32::kLanes;  // transposed fours write up to three more, loads read up to a vector
    const int64_t count = line < window_.out_width ? line : window_.out_width;
    const LineParts parts(cut_, lines_, pitch, cut_.width);
    for (int64_t filter = band_.first_filter; filter < band_.end_filter; ++filter) {
      scatter_positions(parts, cut_.width,
                        [&](int64_t column) { return result(filter, sums + column * planes_.pitch()); });
      for (int64_t i = 0; i < cut_.images * cut_.rows; ++i) {
        const int64_t image = band_.block * cut_.images + i / cut_.rows;
        const int64_t at = i % cut_.rows * cut_.height + row;
        if (image < window_.batch && at < window_.out_height) finish_line(image, filter, lines_ + i * pitch, count, at);
      }
    }
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

  // The same where the output is held as sub-images.
  void finish_positions(int64_t row, const float* sums) const {
    const int64_t filters = window_.groups * window_.filters;
    for (int64_t column = 0; column < cut_.width; ++column) {
      const Mask mask = existing(row, column);
      const int64_t position = (band_.block * cut_.height + row) * cut_.width + column;
      for (int64_t filter = band_.first_filter; filter < band_.end_filter; ++filter) {
        const int64_t m = band_.group * window_.filters + filter;
        const int64_t out = (position * filters + m) * kSubImages;
        const F32 slope = F32::set(finish_.activation.slope ? finish_.activation.slope[m] : 0.0f);
        Pixels y = result(filter, sums + column * planes_.pitch());
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

  const Window& window_;
  const SubImageConvPlan& plan_;
  const SubImages& cut_;
  const Band& band_;
  const Finish& finish_;
  const PlaneSums& result_;
  const BandPlanes& planes_;
  const float* input_ = nullptr;
  float* pixels_;  // a row of a row-major input, or a position that neighbours contribute to
  float* lines_;
  float* sums_;
  Target* targets_;
  int64_t targets_count_ = 0;
};

}  // namespace PLUMLINE_ISA_NAMESPACE
}  // namespace plumline
