// The rows of positions that a convolution reads: from row-major images, or from sub-images and their neighbours.

#include "kernels/sub_image_conv/plan.h"
#include "kernels/sub_images/fours.inl"

namespace plumline {
namespace PLUMLINE_ISA_NAMESPACE {

// Makes the vectors of input row `row` of all sub-images: to[(column * channels + channel) * kSubImages + sub-image],
// for a block whose first image and whose group's first channel is at `image`.
inline void interleave_row(const Window& window, const SubImageConvPlan& plan, const float* image, int64_t images,
                           int64_t row, float* to) {
  const SubImages& cut = plan.cut;
  const PixelGrid grid = {images,
                          window.height,
                          window.width,
                          window.groups * window.channels * window.height * window.width,
                          cut.height * window.stride_height,
                          cut.width * window.stride_width};
  gather_row(cut, grid, image, window.channels, row + plan.rows.in_first, plan.columns.in_first, plan.columns.in_size, to);
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
