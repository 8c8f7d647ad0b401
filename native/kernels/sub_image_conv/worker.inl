// A convolution over sub-images: which positions add to which sums, and what becomes of the sums.

#include "kernels/sub_image_conv/results.inl"

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

// The position of the sums that a tap moves a position of the input to; -1 for none.
inline int64_t moved(const AxisPlan& axis, int64_t at, int64_t tap) {
  const int64_t back = at + axis.shift - tap * axis.dilation;
  if (back < 0 || (axis.stride > 1 && back % axis.stride != 0)) return -1;
  const int64_t to = axis.stride > 1 ? back / axis.stride : back;
  return to < axis.sums() ? to : -1;
}

// The work on one band. What it adds to a sum, and in which order, does not depend on the band. An adder has
//   void begin(int64_t pass, int64_t next)
// which is told which channels come now and which after them (-1: none), and
//   void add(int64_t pass, int64_t row, int64_t column, const float* channels, const Targets& targets)
// which gets the positions of the input, the columns of a row in their order but sorted by their place in the stride, and
// adds to all their targets what the channels of the pass contribute.
template <class Adder>
class Worker {
 public:
  // `memory` is what SubImageConvPlan::worker_bytes describes; its beginning is the adder's.
  Worker(const Window& window, const SubImageConvPlan& plan, const Band& band, const Finish& finish,
         const PlaneSums& result, const BandPlanes& planes, float* memory)
      : window_(window), plan_(plan), cut_(plan.cut), band_(band), planes_(planes),
        has_total_(result.total_coefficient != nullptr), results_(window, plan, band, finish, result, planes) {
    pixels_ = memory + (plan.adder.scratch + kSubImages - 1) / kSubImages * kSubImages;
    sums_ = pixels_ + plan.rows_together * plan.pixels_row;
    targets_ = reinterpret_cast<Target*>(sums_ + plan.sums_row * (plan.kept_rows + plan.open_rows));
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
      const bool ends = pass + 1 == plan_.adder.passes;
      adder.begin(pass, !ends ? pass + 1 : first_row + rows < plan_.rows.in_size ? 0 : -1);
      for (int64_t i = 0; i < rows; ++i) {
        const int64_t row = first_row + i;
        const Targets targets = find_targets(row, first, end, targets_);
        if (targets.count == 0) continue;
        float* pixels = pixels_ + i * plan_.pixels_row;
        if (pass == 0 && !window_.input_sub_images) read_row(row, pixels);
        for (int64_t place = 0; place < plan_.columns.stride; ++place)
          for (int64_t column = place; column < plan_.columns.in_size; column += plan_.columns.stride)
            adder.add(pass, row, column, channels_at(row, column, pixels), targets);
      }
    }
  }

  void read_row(int64_t row, float* pixels) const {
    const int64_t first_image = band_.block * cut_.images;
    const int64_t rest = window_.batch - first_image;
    const float* image = input_ + (first_image * window_.groups + band_.group) * window_.channels * window_.height *
                                      window_.width;
    interleave_row(window_, plan_, image, rest < cut_.images ? rest : cut_.images, row, pixels);
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
    if (has_total_) add_shifted(to, from, shift, mask, planes_.total());
  }
  static void add_shifted(float* to, const float* from, int64_t shift, const Mask& mask, int64_t at) {
    (Pixels::load(to + at) + load_where(mask, shifted(from, at + shift))).store(to + at);
  }

  void finish_row(int64_t row) const {
    results_.make_row(row, sums_of_row(row + plan_.rows.before) + plan_.columns.before * planes_.pitch());
  }

  const Window& window_;
  const SubImageConvPlan& plan_;
  const SubImages& cut_;
  const Band& band_;
  const BandPlanes& planes_;
  const bool has_total_;
  const Results results_;
  const float* input_ = nullptr;
  float* pixels_;  // rows of a row-major input, or a position that neighbours contribute to
  float* sums_;
  Target* targets_;
};

}  // namespace PLUMLINE_ISA_NAMESPACE
}  // namespace plumline
