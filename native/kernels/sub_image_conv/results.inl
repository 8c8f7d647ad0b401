// What becomes of the complete sums of a convolution over sub-images.

#include "kernels/activation/activation_simd.h"
#include "kernels/sub_image_conv/rows.inl"

namespace plumline {
namespace PLUMLINE_ISA_NAMESPACE {

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

// The results of a band, from the sums of a row of positions: `sums` are those of its first column.
class Results {
 public:
  Results(const Window& window, const SubImageConvPlan& plan, const Band& band, const Finish& finish,
          const PlaneSums& result, const BandPlanes& planes)
      : window_(window), cut_(plan.cut), band_(band), finish_(finish), result_(result), planes_(planes) {
    const int32_t* row_start = result.row_start + band.group * window.filters;
    one_plane_ = !result.total_coefficient;
    for (int64_t m = band.first_filter; m < band.end_filter; ++m)
      one_plane_ = one_plane_ && row_start[m + 1] == row_start[m] + 1;
  }

  void make_row(int64_t row, const float* sums) const {
    switch (finish_.activation.kind) {
      case ActivationKind::kNone: return make_row<ActivationKind::kNone>(row, sums);
      case ActivationKind::kRelu: return make_row<ActivationKind::kRelu>(row, sums);
      case ActivationKind::kLeakyRelu: return make_row<ActivationKind::kLeakyRelu>(row, sums);
      case ActivationKind::kClip: return make_row<ActivationKind::kClip>(row, sums);
      case ActivationKind::kSigmoid: return make_row<ActivationKind::kSigmoid>(row, sums);
      case ActivationKind::kTanh: return make_row<ActivationKind::kTanh>(row, sums);
      case ActivationKind::kHardSigmoid: return make_row<ActivationKind::kHardSigmoid>(row, sums);
      case ActivationKind::kHardSwish: return make_row<ActivationKind::kHardSwish>(row, sums);
      case ActivationKind::kPrelu: return make_row<ActivationKind::kPrelu>(row, sums);
    }
  }

 private:
  template <ActivationKind kind>
  void make_row(int64_t row, const float* sums) const {
    if (window_.output_sub_images)
      make_positions<kind>(row, sums);
    else
      make_pixels<kind>(row, sums);
  }

  // The result of a filter, counted from the band's first one, at a position; but for bias and what follows it.
  Pixels sum_of(int64_t filter, const float* sums) const {
    const int64_t m = band_.group * window_.filters + band_.first_filter + filter;
    const int32_t* start = result_.row_start + m;
    if (one_plane_) return fma(result_.coefficient[start[0]], Pixels::load(sums + filter * kSubImages), Pixels::zero());
    Pixels y = Pixels::zero();
    if (result_.total_coefficient) y = fma(result_.total_coefficient[m], Pixels::load(sums + planes_.total()), y);
    const int64_t base = result_.row_start[band_.group * window_.filters] + planes_.first;
    for (int64_t plane = start[0]; plane < start[1]; ++plane)
      y = fma(result_.coefficient[plane], Pixels::load(sums + (plane - base) * kSubImages), y);
    return y;
  }

  // Where the output is held as sub-images.
  template <ActivationKind kind>
  void make_positions(int64_t row, const float* sums) const {
    const int64_t filters = window_.groups * window_.filters;
    const int64_t first = band_.group * window_.filters + band_.first_filter;
    const int64_t count = band_.end_filter - band_.first_filter;
    const float* bias = finish_.bias + first;
    const float* slopes = kind == ActivationKind::kPrelu ? finish_.activation.slope + first : bias;
    for (int64_t column = 0; column < cut_.width; ++column, sums += planes_.pitch()) {
      const int64_t position = (band_.block * cut_.height + row) * cut_.width + column;
      const int64_t out = (position * filters + first) * kSubImages;
      const float* residual = finish_.residual ? finish_.residual + out : nullptr;
      float* to = finish_.output + out;
      const Mask mask = existing(row, column);
      for (int64_t i = 0; i < count; ++i) {
        Pixels y = sum_of(i, sums);
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

  // Where it is row-major.
  template <ActivationKind kind>
  void make_pixels(int64_t row, const float* sums) const {
    const int64_t first = band_.group * window_.filters + band_.first_filter;
    const int64_t count = band_.end_filter - band_.first_filter;
    const int64_t plane = window_.pixels(), next_image = window_.groups * window_.filters * plane;
    const int64_t first_image = band_.block * cut_.images, rest = window_.batch - first_image;
    const PixelGrid grid = {rest < cut_.images ? rest : cut_.images, window_.out_height, window_.out_width, next_image,
                            cut_.height, cut_.width};
    const float* bias = finish_.bias + first;
    const float* slopes = kind == ActivationKind::kPrelu ? finish_.activation.slope + first : bias;
    for (int64_t column = 0; column < cut_.width; column += 4) {
      const int64_t own = cut_.width - column;
      const Fours fours(cut_, grid, row, column, own);
      int64_t at[4];  // columns that do not exist count for nothing: they repeat the last one
      for (int64_t k = 0; k < 4; ++k) at[k] = (column + (k < own ? k : own - 1)) * planes_.pitch();
      for (int64_t i = 0; i < count; ++i) {
        const int64_t out = first_image * next_image + (first + i) * plane;
        Pixels residual[4], y[4];
        if (finish_.residual) load_columns(finish_.residual + out, fours, residual);
#pragma GCC unroll 4
        for (int k = 0; k < 4; ++k) {
          y[k] = sum_of(i, sums + at[k]);
          for (int v = 0; v < kVectors; ++v) {
            y[k].v[v] = y[k].v[v] + F32::set(bias[i]);
            if (finish_.residual) y[k].v[v] = y[k].v[v] + residual[k].v[v];
            y[k].v[v] = activate<kind>(finish_.activation, y[k].v[v], F32::set(slopes[i]));
          }
        }
        store_columns(y, fours, finish_.output + out);
      }
    }
  }

  const Window& window_;
  const SubImages& cut_;
  const Band& band_;
  const Finish& finish_;
  const PlaneSums& result_;
  const BandPlanes& planes_;
  bool one_plane_;  // each filter has, and no total: by far the most common
};

}  // namespace PLUMLINE_ISA_NAMESPACE
}  // namespace plumline
