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

  void begin(int64_t pass, int64_t next) {
    if (pass_ != pass) fetch_all(pass);
    pass_ = next;
    phase_ = -1;
    left_ = {nullptr, nullptr};
    quota_ = next < 0 || next == pass ? 0 : bytes_of(next) / (plan_.rows_together * plan_.columns.in_size) + 1;
  }

  void add(int64_t pass, int64_t row, int64_t column, const float* channels, const Targets& targets) {
    fetch_some();
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
    const MergeCall& call =
        call_of(row % window_.stride_height * window_.stride_width + column % window_.stride_width, pass);
    call.run(call.code, reinterpret_cast<const std::byte*>(channels + call.first_channel * kSubImages), temporaries_,
             sums, planes_.first, planes_.first + planes_.count);
  }

 private:
  int64_t phases() const { return window_.stride_height * window_.stride_width; }
  const MergeCall& call_of(int64_t phase, int64_t pass) const {
    return calls_.calls[phase * plan_.adder.passes + pass];
  }
  CodeRange range_of(int64_t phase, int64_t pass) const {
    const MergeCall& call = call_of(phase, pass);
    return call.range(call.code, planes_.first, planes_.first + planes_.count);
  }

  static constexpr int64_t kLine = 64;  // bytes
  static void fetch(const std::byte* line) { __builtin_prefetch(line, 0, 2); }

  void fetch_all(int64_t pass) const {
    for (int64_t phase = 0; phase < phases(); ++phase) {
      const CodeRange range = range_of(phase, pass);
      for (const std::byte* line = range.begin; line < range.end; line += kLine) fetch(line);
    }
  }

  int64_t bytes_of(int64_t pass) const {
    int64_t bytes = 0;
    for (int64_t phase = 0; phase < phases(); ++phase) bytes += range_of(phase, pass).end - range_of(phase, pass).begin;
    return bytes;
  }

  // At each position, a part of the code that comes next.
  void fetch_some() {
    for (int64_t bytes = 0; bytes < quota_; bytes += kLine) {
      while (left_.begin >= left_.end) {
        if (++phase_ >= phases()) {
          quota_ = 0;
          return;
        }
        left_ = range_of(phase_, pass_);
      }
      fetch(left_.begin);
      left_.begin += kLine;
    }
  }

  const Window& window_;
  const SubImageConvPlan& plan_;
  const MergeCalls& calls_;
  const BandPlanes& planes_;
  std::byte* temporaries_;
  int64_t pass_ = -1, phase_ = 0;  // whose code has been asked for
  CodeRange left_{nullptr, nullptr};
  int64_t quota_ = 0;  // bytes at a position
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
