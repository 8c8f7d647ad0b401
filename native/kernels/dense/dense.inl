#include "kernels/dense/direct.inl"
#include "kernels/dense/panels.inl"

namespace plumline {
namespace PLUMLINE_ISA_NAMESPACE {

extern const DenseKernel dense_kernel;
const DenseKernel dense_kernel = {PLUMLINE_ISA_NAME, F32::kLanes, kVectors, kFilters, kRows, run_panels<kVectors>,
                                  kWide,             kNarrow,     run_direct};

}  // namespace PLUMLINE_ISA_NAMESPACE
}  // namespace plumline
