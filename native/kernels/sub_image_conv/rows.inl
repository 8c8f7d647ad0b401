// The rows of positions that a convolution reads: from row-major images, or from sub-images and their neighbours.

#include "kernels/sub_image_conv/plan.h"
#include "kernels/sub_images/lines.inl"

namespace plumline {
namespace PLUMLINE_ISA_NAMESPACE {

constexpr int64_t kAhead = 6;  // channels

// Makes the vectors of input row `row` of all sub-images: to[(column * channels + channel) * kSubImages + sub-image],
// for a block whose first image and whose group's first channel is at `image`.
inline void interleave_row(const Window& window, const SubImageConvPlan& plan, const float* image, int64_t images,
                           int64_t row, float* lines, float* to) {
  const SubImages& cut = plan.cut;
  const int64_t step = cut.width * window.stride_width;  // from a sub-image to its neighbour
  const int64_t read = (cut.columns - 1) * step + round_up_4(plan.columns.in_size);
  const int64_t pitch = read + F32::kLanes;  // copy_line and zero_line write up to a vector more
  const int64_t left = -plan.columns.in_first < read ? -plan.columns.in_first : read;
  const int64_t inside = window.width < read - left ? window.width : read - left;
  const int64_t down = row + plan.rows.in_first;
  const int64_t next_image = window.groups * window.channels * window.height * window.width;
  const LineParts parts(cut, lines, pitch, step);
  for (int64_t i = 0; i < cut.images * cut.rows; ++i) zero_line(lines + i * pitch, read);

  for (int64_t channel = 0; channel < window.channels; ++channel) {
    const float* plane = image + channel * window.height * window.width;
    const bool ahead = channel + kAhead < window.channels;
    for (int64_t i = 0; i < images * cut.rows; ++i) {
      const int64_t at = i % cut.rows * cut.height * window.stride_height + down;
      if (at < 0 || at >= window.height || inside <= 0) continue;
      const float* line = plane + i / cut.rows * next_image + at * window.width;
      if (ahead) prefetch(line + kAhead * window.height * window.width, inside);
      copy_line(line, inside, lines + i * pitch + left);
    }
    gather_positions(parts, plan.columns.in_size, to + channel * kSubImages, window.channels * kSubImages);
  }
}

// The sub-images that have a neighbour `down` rows and `across` columns of sub-images away, in the same image.
inline Mask neighbours(const SubImages& cut, int64_t down, int64_t across) {
  Mask mask;
  int32_t* lane = mask.lanes;
  for (int64_t image = 0; image < cut.images; ++image)
    for (int64_t row = down; row < cut.rows + down; ++row)
      for (int64_t column = across; column < cut.columns + across; ++column)
        *lane++ = row >= 0 && row < cut.rows && column >= 0 && column < cut.columns ? -1 : 0;
  return mask;
}

// A position that may lie beyond the edge of its sub-image: then it lies in neighbours. Each lane reads another one of
// the vector at `from`, `shift` lanes away, where there is a neighbour; the others stay zero.
struct Neighbour {
  bool inside;  // it does not lie beyond the edge, every lane reads itself
  const float* from;
  int64_t shift;
  Mask mask;
};

// `row` and `column` are at most one sub-image away; `block` is the block's first number of the group's first channel.
inline Neighbour find_neighbour(const SubImages& cut, int64_t channels, const float* block, int64_t row,
                                int64_t column) {
  const int64_t down = row < 0 ? -1 : row >= cut.height ? 1 : 0;
  const int64_t across = column < 0 ? -1 : column >= cut.width ? 1 : 0;
  const int64_t position = (row - down * cut.height) * cut.width + column - across * cut.width;
  Neighbour neighbour;
  neighbour.inside = down == 0 && across == 0;
  neighbour.from = block + position * channels * kSubImages;
  neighbour.shift = down * cut.columns + across;
  if (!neighbour.inside) neighbour.mask = neighbours(cut, down, across);
  return neighbour;
}

}  // namespace PLUMLINE_ISA_NAMESPACE
}  // namespace plumline
