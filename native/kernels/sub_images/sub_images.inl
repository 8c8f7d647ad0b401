#include "kernels/sub_images/sub_images.h"

#include "kernels/sub_images/lines.inl"

namespace plumline {
namespace PLUMLINE_ISA_NAMESPACE {
namespace {

// Calls copy(line of the images, line in `work`) for each image and row of a block whose row `row` exists.
template <class Copy>
inline void each_line(const Images& images, const SubImages& cut, int64_t block, int64_t row, int64_t channel,
                      const Copy& copy) {
  for (int64_t i = 0; i < cut.images * cut.rows; ++i) {
    const int64_t image = block * cut.images + i / cut.rows;
    const int64_t y = i % cut.rows * cut.height + row;
    if (image < images.batch && y < images.height)
      copy(((image * images.channels + channel) * images.height + y) * images.width, i);
  }
}

void to_sub_images(const Images& images, const SubImages& cut, int64_t block, int64_t row, const float* from, float* to,
                   float* work) {
  const int64_t line = cut.columns * cut.width;
  const int64_t pitch = line + kSubImages;
  const LineParts parts(cut, work, pitch, cut.width);
  zero_line(work, cut.images * cut.rows * pitch);
  float* place = to + (block * cut.height + row) * cut.row_size(images.channels);
  for (int64_t channel = 0; channel < images.channels; ++channel) {
    each_line(images, cut, block, row, channel,
              [&](int64_t at, int64_t i) { copy_line(from + at, images.width, work + i * pitch); });
    gather_positions(parts, cut.width, place + channel * kSubImages, images.channels * kSubImages);
  }
}

void to_images(const Images& images, const SubImages& cut, int64_t block, int64_t row, const float* from, float* to,
               float* work) {
  const int64_t pitch = cut.columns * cut.width + kSubImages;
  const LineParts parts(cut, work, pitch, cut.width);
  const float* place = from + (block * cut.height + row) * cut.row_size(images.channels);
  for (int64_t channel = 0; channel < images.channels; ++channel) {
    scatter_positions(parts, cut.width, [&](int64_t column) {
      return Pixels::load(place + (column * images.channels + channel) * kSubImages);
    });
    each_line(images, cut, block, row, channel, [&](int64_t at, int64_t i) {
      const float* line = work + i * pitch;
      int64_t x = 0;
      for (; x + F32::kLanes <= images.width; x += F32::kLanes) F32::load(line + x).store(to + at + x);
      if (x < images.width) store_first(F32::load(line + x), to + at + x, images.width - x);
    });
  }
}

}  // namespace

extern const SubImagesKernels kSubImagesKernels;
const SubImagesKernels kSubImagesKernels = {PLUMLINE_ISA_NAME, to_sub_images, to_images};

}  // namespace PLUMLINE_ISA_NAMESPACE
}  // namespace plumline
