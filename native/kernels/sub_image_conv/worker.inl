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

struct Targets {
  const Target* first;
  int64_t count;
};

// The planes of a band, counted over the whole group, and where a position's sums lie: those of the band's planes one
// after the other, then the total.
struct BandPlanes {
  int64_t group, all, first, count;
  BandPlanes(const Window& window, const Band& band, const int32_t* row_start) : group(band.group) {
    const int32_t* rows = row_start + band.group * window.filters;
    all = rows[window.filters] - rows[0];
    first = rows[band.first_filter] - rows[0];
    count = rows[band.end_filter] - rows[band.first_filter];
  }
  int64_t pitch() const { return (count + 1) * kSubImages; }  // from the sums of a column to those of the next
  int64_t total() const { return count * kSubImages; }
};

// The position of the sums that a tap moves a position of the input to; -1 for none.
inline int64_t moved(const AxisPlan& axis, int64_t at, int64_t tap) {
  const int64_t back = at + axis.shift - tap * axis.dilation;
  if (back < 0 || (axis.stride > 1 && back % axis.stride != 0)) return -1;
  const int64_t to = axis.stride > 1 ? back / axis.stride : back;
  return to < axis.sums() ? to : -1;
}

// The work on one band. What it adds to a sum, and in which order, does not depend on the band. An adder has
//   void add(int64_t pass, int64_t row, int64_t column, const float* channels, const Targets& targets)
// which gets the positions of the input, the columns of a row in their order, and adds to all their targets what the
// channels of the pass contribute.
template <class Adder>
class Worker {
 public:
  // `memory` is what SubImageConvPlan::worker_bytes describes; its beginning is the adder's.
  Worker(const Window& window, const SubImageConvPlan& plan, const Band& band, const Finish& finish,
         const PlaneSums& result, const BandPlanes& planes, float* memory)
      : window_(window), plan_(plan), cut_(plan.cut), band_(band), finish_(finish), result_(result), planes_(planes) {
    pixels_ = memory + (plan.adder.scratch + kSubImages - 1) / kSubImages * kSubImages;
    sums_ = pixels_ + plan.rows_together * plan.pixels_row;
    lines_ = sums_ + plan.sums_row * (plan.kept_rows + plan.open_rows);
    targets_ = reinterpret_cast<Target*>(lines_ + plan.lines);
    const int32_t* row_start = result.row_start + band.group * window.filters;
    one_plane_ = !result.total_coefficient;
    for (int64_t m = band.first_filter; m < band.end_filter; ++m)
      one_plane_ = one_plane_ && row_start[m + 1] == row_start[m] + 1;
  }

  void run(const float* input, Adder& adder) {
    input_ = input;
    const int64_t extent = (window_.kernel_height - 1) * window_.dilation_height;
    // The rows of sums of this band: those that its outputs take from.
    const int64_t first = band_.first_row;
    const int64_t end = band_.end_row + plan_.rows.before + plan_.rows.after;
    int64_t begun = first, complete = first;
    for (int64_t row = first * window_.stride_height; row < plan_.rows.in_size && complete < end;) {
      const int64_t rest = plan_.rows.in_size - row;
      const int64_t rows = rest < plan_.rows_together ? rest : plan_.rows_together;
      const int64_t last = row + rows - 1 + plan_.rows.shift;
      for (; begun < end && begun * window_.stride_height <= last; ++begun)
        zero_line(sums_of_row(begun), plan_.sums_row);
      add_rows(row, rows, first, end, adder);
      // Row s of the sums gets its last tap from row s * stride - shift + extent of the input.
      for (; complete < begun && complete * window_.stride_height + extent <= last; ++complete) complete_row(complete);
      row += rows;
    }
    for (; complete < end; ++complete) {
      if (complete >= begun) zero_line(sums_of_row(complete), plan_.sums_row);
      complete_row(complete);
    }
  }

 private:
  float* sums_of_row(int64_t row) const {
    const int64_t kept = plan_.kept_rows;
    return sums_ + (row < kept ? row : kept + (row - kept) % plan_.open_rows) * plan_.sums_row;
  }

  // The sums among the rows [first, end) that a row of the input adds to.
  Targets find_targets(int64_t row, int64_t first, int64_t end, Target* targets) const {
    int64_t count = 0;
    for (int64_t i = 0; i < window_.kernel_height; ++i) {
      const int64_t to = moved(plan_.rows, row, i);
      if (to >= first && to < end) targets[count++] = {i, sums_of_row(to)};
    }
    return {targets, count};
  }

  void add_rows(int64_t first_row, int64_t rows, int64_t first, int64_t end, Adder& adder) const {
    for (int64_t pass = 0; pass < plan_.adder.passes; ++pass) {
      for (int64_t i = 0; i < rows; ++i) {
        const int64_t row = first_row + i;
        const Targets targets = find_targets(row, first, end, targets_);
        if (targets.count == 0) continue;
        float* pixels = pixels_ + i * plan_.pixels_row;
        if (pass == 0 && !window_.input_sub_images) read_row(row, pixels);
        for (int64_t column = 0; column < plan_.columns.in_size; ++column)
          adder.add(pass, row, column, channels_at(row, column, pixels), targets);
      }
    }
  }

  void read_row(int64_t row, float* pixels) const {
    const int64_t first_image = band_.block * cut_.images;
    const int64_t rest = window_.batch - first_image;
    const float* image = input_ + (first_image * window_.groups + band_.group) * window_.channels * window_.height *
                                      window_.width;
    interleave_row(window_, plan_, image, rest < cut_.images ? rest : cut_.images, row, lines_, pixels);
  }

  // The channels at a position of the input, one vector each. `pixels` are those of the row, or room for a position.
  const float* channels_at(int64_t row, int64_t column, float* pixels) const {
    if (!window_.input_sub_images) return pixels + column * window_.channels * kSubImages;
    const int64_t all_channels = window_.groups * window_.channels;
    const float* block = input_ + band_.block * cut_.block_size(all_channels) +
                         band_.group * window_.channels * kSubImages;
    const Neighbour neighbour =
        find_neighbour(cut_, all_channels, block, row + plan_.rows.in_first, column + plan_.columns.in_first);
    if (neighbour.inside) return neighbour.from;
    for (int64_t i = 0; i < window_.channels; ++i)
      load_where(neighbour.mask, shifted(neighbour.from, i * kSubImages + neighbour.shift))
          .store(pixels + i * kSubImages);
    return pixels;
  }

  // All taps have been added to a row of sums. A row beyond the edge goes to the neighbours, the others become results
  // as soon as they have what neighbours give: from the first rows, which are kept, and then from the last.
  void complete_row(int64_t row) const {
    const AxisPlan& rows = plan_.rows;
    float* sums = sums_of_row(row);
    exchange_columns(sums);
    if (row < rows.before) return;
    if (row >= rows.before + rows.size) {
      add_neighbours(sums_of_row(row - rows.size), sums, -cut_.columns, neighbours(cut_, -1, 0));
      finish_row(row - rows.size - rows.before);
      return;
    }
    if (row >= rows.size) add_neighbours(sums, sums_of_row(row - rows.size), cut_.columns, neighbours(cut_, 1, 0));
    if (row + rows.size >= rows.sums()) finish_row(row - rows.before);
  }

  // Adds the sums in columns beyond the edge of each sub-image to those of the neighbours that they belong to.
  void exchange_columns(float* sums) const {
    const AxisPlan& columns = plan_.columns;
    for (int64_t column = 0; column < columns.sums(); ++column) {
      const int64_t own = column - columns.before;
      if (own >= 0 && own < columns.size) continue;
      const int64_t across = own < 0 ? 1 : -1;
      add_position(sums + (column + across * columns.size) * planes_.pitch(), sums + column * planes_.pitch(), across,
                   neighbours(cut_, 0, across));
    }
  }
  void add_neighbours(float* to, const float* from, int64_t shift, const Mask& mask) const {
    for (int64_t column = 0; column < plan_.columns.size; ++column) {
      const int64_t at = (plan_.columns.before + column) * planes_.pitch();
      add_position(to + at, from + at, shift, mask);
    }
  }
  void add_position(float* to, const float* from, int64_t shift, const Mask& mask) const {
    for (int64_t plane = 0; plane < planes_.count; ++plane) add_shifted(to, from, shift, mask, plane * kSubImages);
    if (result_.total_coefficient) add_shifted(to, from, shift, mask, planes_.total());
  }
  static void add_shifted(float* to, const float* from, int64_t shift, const Mask& mask, int64_t at) {
    (Pixels::load(to + at) + load_where(mask, shifted(from, at + shift))).store(to + at);
  }

  void finish_row(int64_t row) const {
    const float* sums = sums_of_row(row + plan_.rows.before) + plan_.columns.before * planes_.pitch();
    if (window_.output_sub_images)
      finish_positions(row, sums);
    else
      finish_lines(row, sums);
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
    switch (finish_.activation.kind) {
      case ActivationKind::kNone: return finish_positions<ActivationKind::kNone>(row, sums);
      case ActivationKind::kRelu: return finish_positions<ActivationKind::kRelu>(row, sums);
      case ActivationKind::kLeakyRelu: return finish_positions<ActivationKind::kLeakyRelu>(row, sums);
      case ActivationKind::kClip: return finish_positions<ActivationKind::kClip>(row, sums);
      case ActivationKind::kSigmoid: return finish_positions<ActivationKind::kSigmoid>(row, sums);
      case ActivationKind::kTanh: return finish_positions<ActivationKind::kTanh>(row, sums);
      case ActivationKind::kHardSigmoid: return finish_positions<ActivationKind::kHardSigmoid>(row, sums);
      case ActivationKind::kHardSwish: return finish_positions<ActivationKind::kHardSwish>(row, sums);
      case ActivationKind::kPrelu: return finish_positions<ActivationKind::kPrelu>(row, sums);
    }
  }

  template <ActivationKind kind>
  void finish_positions(int64_t row, const float* sums) const {
    const int64_t filters = window_.groups * window_.filters;
    const int64_t first = band_.group * window_.filters + band_.first_filter;
    const int64_t count = band_.end_filter - band_.first_filter;
    const float* coefficient = result_.coefficient + result_.row_start[first];
    const float* bias = finish_.bias + first;
    const float* slopes = kind == ActivationKind::kPrelu ? finish_.activation.slope + first : bias;
    for (int64_t column = 0; column < cut_.width; ++column, sums += planes_.pitch()) {
      const int64_t position = (band_.block * cut_.height + row) * cut_.width + column;
      const int64_t out = (position * filters + first) * kSubImages;
      const float* residual = finish_.residual ? finish_.residual + out : nullptr;
      float* to = finish_.output + out;
      const Mask mask = existing(row, column);
      for (int64_t i = 0; i < count; ++i) {
        Pixels y = one_plane_ ? fma(coefficient[i], Pixels::load(sums + i * kSubImages), Pixels::zero())
                             : result(band_.first_filter + i, sums);
        for (int v = 0; v < kVectors; ++v) {
          y.v[v] = y.v[v] + F32::set(bias[i]);
          if (residual) y.v[v] = y.v[v] + F32::load(residual + i * kSubImages + v * F32::kLanes);
          y.v[v] = activate<kind>(finish_.activation, y.v[v], F32::set(slopes[i]));
        }
        keep_where(mask, y).store(to + i * kSubImages);
      }
    }
  }

  // The sub-images whose pixel at a position exists.
  Mask existing(int64_t row, int64_t column) const {
    Mask mask;
    int32_t* lane = mask.lanes;
    for (int64_t image = 0; image < cut_.images; ++image)
      for (int64_t i = 0; i < cut_.rows; ++i)
        for (int64_t j = 0; j < cut_.columns; ++j)
          *lane++ = band_.block * cut_.images + image < window_.batch && i * cut_.height + row < window_.out_height &&
                            j * cut_.width + column < window_.out_width
                        ? -1
                        : 0;
    return mask;
  }

  const Window& window_;
  const SubImageConvPlan& plan_;
  const SubImages& cut_;
  const Band& band_;
  const Finish& finish_;
  const PlaneSums& result_;
  const BandPlanes& planes_;
  bool one_plane_;  // each filter has, and no total: by far the most common
  const float* input_ = nullptr;
  float* pixels_;  // rows of a row-major input, or a position that neighbours contribute to
  float* lines_;
  float* sums_;
  Target* targets_;
};

}  // namespace PLUMLINE_ISA_NAMESPACE
}  // namespace plumline
