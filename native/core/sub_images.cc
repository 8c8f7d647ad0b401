#include "core/sub_images.h"

#include <tuple>

namespace plumline {
namespace {

constexpr int64_t kMaxWidth = 16;

// Smaller is better. As real numbers, which do not overflow.
std::tuple<double, bool, double> rank(const SubImages& cut) {
  const auto positions = [&](double margin) {
    return static_cast<double>(cut.blocks) * (static_cast<double>(cut.height) + margin) *
           (static_cast<double>(cut.width) + margin);
  };
  return {positions(0), cut.width > kMaxWidth, positions(2)};
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
