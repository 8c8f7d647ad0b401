// Blocks of sums where lanes are pixels.

#pragma once

namespace plumline {
namespace PLUMLINE_ISA_NAMESPACE {
namespace {

// kFilters x kVectors: as many as the registers hold beside the inputs and one weight.
#if defined(__AVX512F__)
constexpr int kFilters = 8, kVectors = 3;
#elif defined(__AVX2__)
constexpr int kFilters = 4, kVectors = 3;
#else
constexpr int kFilters = 4, kVectors = 2;
#endif

}  // namespace
}  // namespace PLUMLINE_ISA_NAMESPACE
}  // namespace plumline
