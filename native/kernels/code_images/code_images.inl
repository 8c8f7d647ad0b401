#include "kernels/code_images/code_images.h"

#include "kernels/code_images/turn.inl"
#include "kernels/integer/finish.inl"

namespace plumline {
namespace PLUMLINE_ISA_NAMESPACE {
namespace {

constexpr int64_t kLanes = kCodeSubImages;

// A row of positions in the images: where each sub-image has it in channel 0, and how much of it lies inside.
struct Lines {
  int64_t pixel[kLanes], count[kLanes];

  Lines(const Images& images, const SubImages& cut, int64_t block, int64_t row) {
    for (int64_t lane = 0; lane < kLanes; ++lane) {
      const int64_t image = block * cut.images + lane / cut.columns / cut.rows;
      const int64_t y = lane / cut.columns % cut.rows * cut.height + row, x = lane % cut.columns * cut.width;
      const bool inside = image < images.batch && y < images.height && x < images.width;
      const int64_t left = images.width - x;
      pixel[lane] = inside ? (image * images.channels * images.height + y) * images.width + x : 0;
      count[lane] = !inside ? 0 : left < cut.width ? left : cut.width;
    }
  }
};

// Whole blocks of columns are read from the images themselves, but near the end of the last: those lines are copied.
void to_sub_images(const Images& images, const SubImages& cut, int64_t block, int64_t row, const uint8_t* from,
                   uint8_t* to, uint8_t* work) {
  const Lines lines(images, cut, block, row);
  const int64_t plane = images.height * images.width, line = round_up_block(cut.width);
  const int64_t all = images.batch * images.channels * plane, next = images.channels * kLanes;
  for (int64_t i = 0; i < (kLanes + 1) * line; ++i) work[i] = 0;
  const uint8_t* source[kLanes];
  int64_t step[kLanes], copied[kLanes], copies = 0;
  for (int64_t lane = 0; lane < kLanes; ++lane) {
    const bool inside = lines.count[lane] > 0;
    const bool whole = inside && lines.pixel[lane] + (images.channels - 1) * plane + line <= all;
    source[lane] = whole ? from + lines.pixel[lane] : work + (inside ? lane : kLanes) * line;
    step[lane] = whole ? plane : 0;
    if (inside && !whole) copied[copies++] = lane;
  }
  to += (block * cut.height + row) * cut.width * next;
  for (int64_t channel = 0; channel < images.channels; ++channel, to += kLanes) {
    for (int64_t i = 0; i < copies; ++i) {
      const int64_t lane = copied[i];
      copy_bytes(from + lines.pixel[lane] + channel * plane, work + lane * line, lines.count[lane]);
    }
    for (int64_t column = 0; column < cut.width; column += kBlock) {
      const uint8_t* rows[kLanes];
      for (int64_t lane = 0; lane < kLanes; ++lane) rows[lane] = source[lane] + column;
      rows_to_vectors(rows, cut.width - column < kBlock ? cut.width - column : kBlock, to + column * next, next);
    }
    for (int64_t lane = 0; lane < kLanes; ++lane) source[lane] += step[lane];
  }
}

void to_images(const Images& images, const SubImages& cut, int64_t block, int64_t row, const uint8_t* from, uint8_t* to,
               uint8_t* work) {
  const Lines lines(images, cut, block, row);
  const int64_t plane = images.height * images.width, line = round_up_block(cut.width), next = images.channels * kLanes;
  from += (block * cut.height + row) * cut.width * next;
  for (int64_t channel = 0; channel < images.channels; ++channel, from += kLanes) {
    for (int64_t column = 0; column < cut.width; column += kBlock) {
      const uint8_t* vectors[kBlock];
      uint8_t* rows[kLanes];
      for (int64_t j = 0; j < kBlock; ++j)
        vectors[j] = from + (column + j < cut.width ? column + j : cut.width - 1) * next;
      for (int64_t lane = 0; lane < kLanes; ++lane) rows[lane] = work + lane * line + column;
      vectors_to_rows(vectors, rows);
    }
    for (int64_t lane = 0; lane < kLanes; ++lane)
      copy_bytes(work + lane * line, to + lines.pixel[lane] + channel * plane, lines.count[lane]);
  }
}

}  // namespace

extern const CodeImagesKernels kCodeImagesKernels;
const CodeImagesKernels kCodeImagesKernels = {PLUMLINE_ISA_NAME, to_sub_images, to_images};

}  // namespace PLUMLINE_ISA_NAMESPACE
}  // namespace plumline
