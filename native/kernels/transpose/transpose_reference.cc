#include "kernels/transpose/transpose.h"

namespace plumline {
namespace reference {

namespace {

template <class T>
void transpose(const T* from, int64_t from_step, T* to, int64_t to_step, int64_t height, int64_t width) {
  for (int64_t i = 0; i < height; ++i)
    for (int64_t j = 0; j < width; ++j) to[i * to_step + j] = from[i + j * from_step];
}

}  // namespace

extern const TransposeKernels kTranspose;
const TransposeKernels kTranspose = {"reference", transpose<float>, transpose<uint8_t>};

}  // namespace reference
}  // namespace plumline
