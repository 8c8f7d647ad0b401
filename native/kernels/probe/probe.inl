// The algorithm of every instruction set: see core/simd.h for how it is compiled.

#include "core/simd.h"
#include "kernels/probe/probe.h"

namespace plumline {
namespace PLUMLINE_ISA_NAMESPACE {

namespace {

// Two multiply-adds a cycle, each with a result after at most five, need ten that do not wait for each other; sixteen
// registers hold twelve and their factors.
constexpr int kChains = 12;

int64_t multiply_add(int64_t rounds, float* result) {
  F32 x[kChains];
  for (int i = 0; i < kChains; ++i) x[i] = F32::set(static_cast<float>(i));
  const F32 factor = F32::set(0.5f), term = F32::set(1.0f);  // all x go to 2: no overflow, no denormal numbers
  for (int64_t round = 0; round < rounds; ++round)
    for (int i = 0; i < kChains; ++i) x[i] = fma(x[i], factor, term);
  F32 sum = x[0];
  for (int i = 1; i < kChains; ++i) sum = sum + x[i];
  float lanes[F32::kLanes];
  sum.store(lanes);
  *result = lanes[0];
  return rounds * kChains * F32::kLanes;
}

float read(const float* x, int64_t n, int64_t rounds) {
  constexpr int kSums = 8;
  constexpr int64_t kStep = int64_t{kSums} * F32::kLanes;
  F32 sums[kSums];
  for (F32& sum : sums) sum = F32::set(0);
  float rest = 0;
  for (int64_t round = 0; round < rounds; ++round) {
    int64_t i = 0;
    for (; i + kStep <= n; i += kStep)
      for (int j = 0; j < kSums; ++j) sums[j] = sums[j] + F32::load(x + i + j * F32::kLanes);
    for (; i < n; ++i) rest += x[i];
  }
  for (int j = 1; j < kSums; ++j) sums[0] = sums[0] + sums[j];
  float lanes[F32::kLanes];
  sums[0].store(lanes);
  for (const float lane : lanes) rest += lane;
  return rest;
}

}  // namespace

extern const ProbeKernels kProbe;
const ProbeKernels kProbe = {PLUMLINE_ISA_NAME, multiply_add, read};

}  // namespace PLUMLINE_ISA_NAMESPACE
}  // namespace plumline
