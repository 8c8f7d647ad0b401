#include "core/sub_images.h"

#include <algorithm>
#include <tuple>

namespace plumline {
namespace {

constexpr int64_t kMaxWidth = 16;

// What a kernel of three taps does beyond the edges of sub-images costs little until they have so many positions with a
// margin for each without (measured; those of 7 x 7 have 1.65). Wider and dilated kernels cost more, as they do with one
// image, which is cut as small.
constexpr double kCheapMargins = 1.75;

// Smaller is better. As real numbers, which do not overflow.
std::tuple<double, bool, double, int64_t, double> rank(const SubImages& cut) {
  const auto positions = [&](double margin) {
    return static_cast<double>(cut.blocks) * (static_cast<double>(cut.height) + margin) *
           (static_cast<double>(cut.width) + margin);
  };
  const double without = positions(0), with = positions(2);
  return {without, cut.width > kMaxWidth, std::max(with, kCheapMargins * without), cut.images, with};
}

}  // namespace

bool is_better(const SubImages& a, const SubImages& b) { return rank(a) < rank(b); }

SubImages cut_images(int64_t batch, int64_t height, int64_t width, int64_t count) {
  return best_cut(batch, height, width, count, [](const SubImages&) { return true; });
}

SubImages cut_images(const Shape& images, int64_t count) {
  return cut_images(images[0], images.size() == 4 ? images[2] : 1, images.back(), count);
}

bool fills_sub_images(const Shape& shape) {
  return (shape.size() == 3 || shape.size() == 4) && cut_images(shape).size(shape[1]) == plumline::count(shape);
}

}  // namespace plumline
