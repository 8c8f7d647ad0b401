#include "core/sub_images.h"

#include <tuple>

namespace plumline {
namespace {

constexpr int64_t kMaxWidth = 16;

int64_t divide_up(int64_t a, int64_t b) { return (a + b - 1) / b; }

// Smaller is better. As real numbers, which do not overflow.
std::tuple<double, bool, double> rank(const SubImages& cut) {
  const auto positions = [&](double margin) {
    return static_cast<double>(cut.blocks) * (static_cast<double>(cut.height) + margin) *
           (static_cast<double>(cut.width) + margin);
  };
  return {positions(0), cut.width > kMaxWidth, positions(2)};
}

}  // namespace

SubImages cut_images(int64_t batch, int64_t height, int64_t width) {
  SubImages best{};
  for (int64_t images = 1; images <= kSubImages; images *= 2) {
    for (int64_t rows = 1; rows <= kSubImages / images; rows *= 2) {
      const int64_t columns = kSubImages / images / rows;
      const SubImages cut = {images, rows, columns, divide_up(height, rows), divide_up(width, columns),
                             divide_up(batch, images)};
      if (best.images == 0 || rank(cut) < rank(best)) best = cut;
    }
  }
  return best;
}

SubImages cut_images(const Shape& images) {
  return cut_images(images[0], images.size() == 4 ? images[2] : 1, images.back());
}

}  // namespace plumline
