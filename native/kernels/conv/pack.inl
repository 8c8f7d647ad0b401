// Packs what the windows of a tile of pixels read: row k of the panel holds, for each pixel, the input under column k
// of the matrix, in tap-major order (see weights.h), and zero where the window hangs over the edge.

#include "kernels/conv/lanes.h"
#include "kernels/conv/window.h"

namespace plumline {
namespace PLUMLINE_ISA_NAMESPACE {

// Where rows of a panel stand, in rows: one after the other.
struct InOrder {
  static int64_t place(int64_t row) { return row; }
};

template <int kVectors, class Order = InOrder>
class Packer {
 public:
  static constexpr int64_t kWidth = kVectors * F32::kLanes;  // of a panel row

  Packer(const Window& window, const float* source, const Tile& tile)
      : window_(window),
        source_(source),
        phases_(window.stride_width),
        phase_width_(window.phase_width()),
        row_stride_(window.row_stride()) {
    const int64_t group = tile.group * window.channels * window.channel_stride();
    int64_t image = tile.first_pixel / window.pixels();
    int64_t row = tile.first_pixel % window.pixels() / window.out_width;
    int64_t column = tile.first_pixel % window.out_width;
    for (int lane = 0; lane < tile.pixels;) {
      const int in_vector = lane % F32::kLanes;
      int64_t length = window.out_width - column;
      if (length > F32::kLanes - in_vector) length = F32::kLanes - in_vector;
      if (length > tile.pixels - lane) length = tile.pixels - lane;
      runs_[count_++] = {image * window.image_stride() + group, row * window.stride_height - window.pad_top,
                         column - in_vector, lane / F32::kLanes, in_vector, in_vector + static_cast<int>(length)};
      lane += static_cast<int>(length);
      column += length;
      if (column == window.out_width) {
        column = 0;
        if (++row == window.out_height) {
          row = 0;
          ++image;
        }
      }
    }
  }

  // Rows [begin, end) of the panel, which starts with row `begin`.
  void pack(int64_t begin, int64_t end, float* panel) const {
    int64_t tap = begin / window_.channels;
    int64_t channel = begin - tap * window_.channels;
    for (int64_t k = begin; k < end; ++tap, channel = 0) {
      int64_t count = window_.channels - channel;
      if (count > end - k) count = end - k;
      pack_tap(tap, channel, count, k - begin, 1, panel);
      k += count;
    }
  }

  // The rows of `count` channels in the order of the matrix: all taps of the first, all of the next, ...
  void pack_channels(int64_t first, int64_t count, float* panel) const {
    const int64_t taps = window_.taps();
    for (int64_t tap = 0; tap < taps; ++tap) pack_tap(tap, first, count, tap, taps, panel);
  }

 private:
  struct Run {  // neighbouring pixels of one output row within one vector
    int64_t image;   // where the image's group begins
    int64_t row;     // input row under kernel row 0
    int64_t column;  // output column of lane 0, were the row that long
    int vector, begin, end;
  };
  struct Piece {  // lanes of a vector that lie inside an input row
    Lanes lanes;
    int64_t offset;  // of lane 0 from the image's first channel
  };

  void pack_tap(int64_t tap, int64_t channel, int64_t count, int64_t row, int64_t step, float* panel) const {
    const int64_t kernel_row = tap / window_.kernel_width;
    const int64_t down = kernel_row * window_.dilation_height;
    int64_t shift = (tap - kernel_row * window_.kernel_width) * window_.dilation_width - window_.pad_left;
    int64_t phase = 0;
    if (phases_ > 1) {
      phase = shift % window_.stride_width;
      if (phase < 0) phase += window_.stride_width;
      shift = (shift - phase) / window_.stride_width;
    }
    const int64_t columns = phases_ == 1 ? window_.width : window_.phase_columns(phase);
    const float* source = source_ + channel * window_.channel_stride();

    int run = 0;
    for (int vector = 0; vector < kVectors; ++vector) {
      Piece pieces[F32::kLanes];
      int used = 0;
      for (; run < count_ && runs_[run].vector == vector; ++run) {
        const Run& at = runs_[run];
        const int64_t line = at.row + down;
        const int64_t left = at.column + shift;  // input column under lane 0
        const int64_t begin = left + at.begin < 0 ? -left : at.begin;
        const int64_t end = left + at.end > columns ? columns - left : at.end;
        if (line < 0 || line >= window_.height || begin >= end) continue;
        pieces[used++] = {Lanes::between(begin, end), at.image + line * row_stride_ + phase * phase_width_ + left};
      }
      copy(pieces, used, source, count, row, step, panel + vector * F32::kLanes);
    }
  }

  // One vector of `count` rows, `step` apart from `row` on, a channel a row.
  void copy(const Piece* pieces, int used, const float* source, int64_t count, int64_t row, int64_t step,
            float* panel) const {
    const int64_t stride = window_.channel_stride();
    const auto from = [&](int64_t c, const Piece& piece) { return shifted(source, c * stride + piece.offset); };
    if (used == 1) {
      const Piece piece = pieces[0];
      for (int64_t c = 0; c < count; ++c)
        load_lanes(from(c, piece), piece.lanes).store(panel + Order::place(row + c * step) * kWidth);
    } else {
      for (int64_t c = 0; c < count; ++c) {
        F32 x = used == 0 ? F32::set(0) : load_lanes(from(c, pieces[0]), pieces[0].lanes);
        for (int i = 1; i < used; ++i) x = load_lanes(x, from(c, pieces[i]), pieces[i].lanes);
        x.store(panel + Order::place(row + c * step) * kWidth);
      }
    }
  }

  const Window& window_;
  const float* source_;
  int64_t phases_, phase_width_, row_stride_;
  Run runs_[kWidth];
  int count_ = 0;
};

}  // namespace PLUMLINE_ISA_NAMESPACE
}  // namespace plumline
