#include "kernels/integer_merge/integer_merge.h"

#include "kernels/integer_sub_images/worker.inl"

namespace plumline {
namespace PLUMLINE_ISA_NAMESPACE {
namespace {

class MergeAdder {
 public:
  MergeAdder(const CodeWork& work, const MergeCall* calls)
      : calls_(calls), chunks_(work.planes.chunks), temporaries_(work.scratch) {}

  void add(const Addition& a) const {
    // Programs know planes by their number in the group.
    std::byte* sums[kMostCodeTaps];
    for (int64_t i = 0; i < a.target_count; ++i)
      sums[i] = reinterpret_cast<std::byte*>(reinterpret_cast<uintptr_t>(a.targets[i].sums) -
                                             static_cast<uintptr_t>(a.first_plane * kPositionBytes));
    const MergeCall& call = calls_[a.phase * chunks_ + a.chunk];
    call.run(call.code, reinterpret_cast<const std::byte*>(a.channels), temporaries_, sums, a.first_plane,
             a.first_plane + a.planes);
  }

 private:
  const MergeCall* calls_;
  int64_t chunks_;
  std::byte* temporaries_;
};

void run_band(const CodeWork& work, const MergeCall* calls) {
  MergeAdder adder(work, calls);
  Worker<MergeAdder>(work, adder).run();
}

}  // namespace

extern const IntegerMergeKernel integer_merge_kernel;
const IntegerMergeKernel integer_merge_kernel = {PLUMLINE_ISA_NAME, run_band};

}  // namespace PLUMLINE_ISA_NAMESPACE
}  // namespace plumline
