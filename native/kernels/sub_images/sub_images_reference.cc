#include "kernels/sub_images/sub_images.h"

namespace plumline {
namespace reference {
namespace {

// Calls visit(number of the pixel, number of its lane) for each pixel of a row of positions; the first is -1 for none.
template <class Visit>
void each_pixel(const Images& images, const SubImages& cut, int64_t block, int64_t row, const Visit& visit) {
  for (int64_t column = 0; column < cut.width; ++column)
    for (int64_t channel = 0; channel < images.channels; ++channel)
      for (int64_t lane = 0; lane < kSubImages; ++lane) {
        const int64_t image = block * cut.images + lane / cut.columns / cut.rows;
        const int64_t y = lane / cut.columns % cut.rows * cut.height + row;
        const int64_t x = lane % cut.columns * cut.width + column;
        const bool exists = image < images.batch && y < images.height && x < images.width;
        const int64_t pixel = ((image * images.channels + channel) * images.height + y) * images.width + x;
        const int64_t position = (block * cut.height + row) * cut.width + column;
        visit(exists ? pixel : -1, (position * images.channels + channel) * kSubImages + lane);
      }
}

void to_sub_images(const Images& images, const SubImages& cut, int64_t block, int64_t row, const float* from,
                   float* to) {
  each_pixel(images, cut, block, row,
             [&](int64_t pixel, int64_t lane) { to[lane] = pixel < 0 ? 0.0f : from[pixel]; });
}

void to_images(const Images& images, const SubImages& cut, int64_t block, int64_t row, const float* from, float* to) {
  each_pixel(images, cut, block, row, [&](int64_t pixel, int64_t lane) {
    if (pixel >= 0) to[pixel] = from[lane];
  });
}

}  // namespace

extern const SubImagesKernels kSubImagesKernels;
const SubImagesKernels kSubImagesKernels = {"reference", to_sub_images, to_images};

}  // namespace reference
}  // namespace plumline
