#include "kernels/merge_conv/merge_conv.h"

#include "kernels/sub_image_conv/worker.inl"

namespace plumline {
namespace PLUMLINE_ISA_NAMESPACE {
namespace {

// Adds what a position contributes by way of merge programs; see Worker.
class MergeAdder {
 public:
  MergeAdder(const Window& window, const SubImageConvPlan& plan, const MergeCalls& calls, const BandPlanes& planes,
             float* memory)
      : window_(window), plan_(plan), calls_(calls), planes_(planes), temporaries_(reinterpret_cast<std::byte*>(memory)) {}

  void begin(int64_t pass) const {
    for (int64_t phase = 0; phase < window_.stride_height * window_.stride_width; ++phase) {
      const MergeCall& call = calls_.calls[phase * plan_.adder.passes + pass];
      call.fetch(call.code, planes_.first, planes_.first + planes_.count);
    }
  }

  void add(int64_t pass, int64_t row, int64_t column, const float* channels, const Targets& targets) const {
    // Programs know planes by their number in the group.
    std::byte* sums[kMaxMergeTaps];
    int64_t taps = 0;
    for (int64_t i = 0; i < targets.count; ++i) {
      for (int64_t j = 0; j < window_.kernel_width; ++j) {
        const int64_t to = moved(plan_.columns, column, j);
        if (to < 0) continue;
        const float* first = targets.first[i].sums + to * planes_.pitch();
        sums[taps++] = reinterpret_cast<std::byte*>(const_cast<float*>(shifted(first, -planes_.first * kSubImages)));
      }
    }
    if (taps == 0) return;
    const int64_t phase = row % window_.stride_height * window_.stride_width + column % window_.stride_width;
    const MergeCall& call = calls_.calls[phase * plan_.adder.passes + pass];
    call.run(call.code, reinterpret_cast<const std::byte*>(channels + call.first_channel * kSubImages), temporaries_,
             sums, planes_.first, planes_.first + planes_.count);
  }

 private:
  const Window& window_;
  const SubImageConvPlan& plan_;
  const MergeCalls& calls_;
  const BandPlanes& planes_;
  std::byte* temporaries_;
};

void run_band(const Window& window, const SubImageConvPlan& plan, const Band& band, const Finish& finish,
              const float* input, const MergeCalls& calls, const PlaneSums& result, float* memory) {
  const BandPlanes planes(window, band, result.row_start);
  MergeAdder adder(window, plan, calls, planes, memory);
  Worker<MergeAdder>(window, plan, band, finish, result, planes, memory).run(input, adder);
}

}  // namespace

extern const MergeConvKernel merge_conv_kernel;
const MergeConvKernel merge_conv_kernel = {PLUMLINE_ISA_NAME, run_band};

}  // namespace PLUMLINE_ISA_NAMESPACE
}  // namespace plumline
