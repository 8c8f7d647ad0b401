#include <cmath>

#include "kernels/softmax/softmax.h"

namespace plumline {
namespace reference {

namespace {

void columns(const float* x, float* y, int64_t n, int64_t stride, int64_t width) {
  for (int64_t column = 0; column < width; ++column) {
    const float* from = x + column;
    float* to = y + column;
    float largest = from[0];
    for (int64_t i = 1; i < n; ++i) largest = std::fmax(largest, from[i * stride]);
    double sum = 0;
    for (int64_t i = 0; i < n; ++i) sum += to[i * stride] = std::exp(from[i * stride] - largest);
    for (int64_t i = 0; i < n; ++i) to[i * stride] = static_cast<float>(to[i * stride] / sum);
  }
}

void rows(const float* x, float* y, int64_t count, int64_t n) {
  for (int64_t i = 0; i < count; ++i) columns(x + i * n, y + i * n, n, 1, 1);
}

}  // namespace

extern const SoftmaxKernels kSoftmax;
const SoftmaxKernels kSoftmax = {"reference", rows, columns};

}  // namespace reference
}  // namespace plumline
