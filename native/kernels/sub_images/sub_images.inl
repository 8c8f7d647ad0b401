#include "kernels/sub_images/sub_images.h"

#include "kernels/sub_images/fours.inl"

namespace plumline {
namespace PLUMLINE_ISA_NAMESPACE {
namespace {

PixelGrid grid_of(const Images& images, const SubImages& cut, int64_t block) {
  const int64_t rest = images.batch - block * cut.images;
  return {rest < cut.images ? rest : cut.images,
          images.height,
          images.width,
          images.channels * images.height * images.width,
          cut.height,
          cut.width};
}

int64_t first_of(const Images& images, const SubImages& cut, int64_t block) {
  return block * cut.images * images.channels * images.height * images.width;
}

void to_sub_images(const Images& images, const SubImages& cut, int64_t block, int64_t row, const float* from,
                   float* to) {
  gather_row(cut, grid_of(images, cut, block), from + first_of(images, cut, block), images.channels, row, 0, cut.width,
             to + (block * cut.height + row) * cut.row_size(images.channels));
}

void to_images(const Images& images, const SubImages& cut, int64_t block, int64_t row, const float* from, float* to) {
  const PixelGrid grid = grid_of(images, cut, block);
  const float* position = from + (block * cut.height + row) * cut.row_size(images.channels);
  for (int64_t column = 0; column < cut.width; column += 4) {
    const int64_t own = cut.width - column;
    const Fours fours(cut, grid, row, column, own);
    for (int64_t channel = 0; channel < images.channels; ++channel) {
      Pixels four[4];
      for (int64_t k = 0; k < 4; ++k)
        four[k] = Pixels::load(position + ((column + (k < own ? k : own - 1)) * images.channels + channel) * kSubImages);
      store_columns(four, fours, to + first_of(images, cut, block) + channel * images.height * images.width);
    }
  }
}

}  // namespace

extern const SubImagesKernels kSubImagesKernels;
const SubImagesKernels kSubImagesKernels = {PLUMLINE_ISA_NAME, to_sub_images, to_images};

}  // namespace PLUMLINE_ISA_NAMESPACE
}  // namespace plumline
