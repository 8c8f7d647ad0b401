#include "kernels/probe/probe.h"

namespace plumline {
namespace reference {

namespace {

int64_t multiply_add(int64_t rounds, float* result) {
  float x = 0;
  for (int64_t round = 0; round < rounds; ++round) x = x * 0.5f + 1.0f;
  *result = x;
  return rounds;
}

float read(const float* x, int64_t n, int64_t rounds) {
  float sum = 0;
  for (int64_t round = 0; round < rounds; ++round)
    for (int64_t i = 0; i < n; ++i) sum += x[i];
  return sum;
}

}  // namespace

extern const ProbeKernels kProbe;
const ProbeKernels kProbe = {"reference", multiply_add, read};

}  // namespace reference
}  // namespace plumline
