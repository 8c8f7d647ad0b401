#include "kernels/code_images/code_images.h"

namespace plumline {
namespace reference {
namespace {

// Calls visit(number of the pixel, number of its lane) for each pixel of a row of positions that exists.
template <class Visit>
void each_pixel(const Images& images, const SubImages& cut, int64_t block, int64_t row, const Visit& visit) {
  for (int64_t column = 0; column < cut.width; ++column)
    for (int64_t channel = 0; channel < images.channels; ++channel)
      for (int64_t lane = 0; lane < cut.count(); ++lane) {
        const int64_t image = block * cut.images + lane / cut.columns / cut.rows;
        const int64_t y = lane / cut.columns % cut.rows * cut.height + row;
        const int64_t x = lane % cut.columns * cut.width + column;
        if (image >= images.batch || y >= images.height || x >= images.width) continue;
        const int64_t pixel = ((image * images.channels + channel) * images.height + y) * images.width + x;
        const int64_t position = (block * cut.height + row) * cut.width + column;
        visit(pixel, (position * images.channels + channel) * cut.count() + lane);
      }
}

void to_sub_images(const Images& images, const SubImages& cut, int64_t block, int64_t row, const uint8_t* from,
                   uint8_t* to, uint8_t*) {
  const int64_t size = cut.row_size(images.channels);
  for (int64_t i = 0; i < size; ++i) to[(block * cut.height + row) * size + i] = 0;
  each_pixel(images, cut, block, row, [&](int64_t pixel, int64_t lane) { to[lane] = from[pixel]; });
}

void to_images(const Images& images, const SubImages& cut, int64_t block, int64_t row, const uint8_t* from, uint8_t* to,
               uint8_t*) {
  each_pixel(images, cut, block, row, [&](int64_t pixel, int64_t lane) { to[pixel] = from[lane]; });
}

}  // namespace

extern const CodeImagesKernels kCodeImagesKernels;
const CodeImagesKernels kCodeImagesKernels = {"reference", to_sub_images, to_images};

}  // namespace reference
}  // namespace plumline
