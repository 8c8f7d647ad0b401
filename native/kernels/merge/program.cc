#include "kernels/merge/program.h"

namespace plumline {
namespace {

// int16 lanes are computed as uint16, whose overflow is defined.
template <class Lane>
struct Interpreter {
  static constexpr int kLanes = kMergeVectorBytes / sizeof(Lane);

  const MergeProgram& program;
  const Lane* channels;
  Lane* temporaries;

  const Lane* operand(uint16_t term) const {
    const int64_t number = operand_of(term);
    return number < program.columns ? channels + number * kLanes : temporaries + (number - program.columns) * kLanes;
  }

  // to = (what it holds, or 0) + the terms, in their order
  void add_terms(int64_t sum, bool accumulate, Lane* to) const {
    Lane result[kLanes];
    for (int i = 0; i < kLanes; ++i) result[i] = accumulate ? to[i] : Lane{0};
    for (int32_t k = program.start[sum]; k < program.start[sum + 1]; ++k) {
      const Lane* from = operand(program.terms[k]);
      if (is_subtracted(program.terms[k]))
        for (int i = 0; i < kLanes; ++i) result[i] = static_cast<Lane>(result[i] - from[i]);
      else
        for (int i = 0; i < kLanes; ++i) result[i] = static_cast<Lane>(result[i] + from[i]);
    }
    for (int i = 0; i < kLanes; ++i) to[i] = result[i];
  }

  void run(std::byte* const* sums, int64_t first, int64_t end, bool accumulate) const {
    for (int64_t i = 0; i < program.temporaries; ++i) add_terms(i, false, temporaries + i * kLanes);
    for (int64_t plane = first; plane < end; ++plane)
      for (int64_t tap = 0; tap < program.taps; ++tap)
        add_terms(program.temporaries + plane * program.taps + tap, accumulate,
                  reinterpret_cast<Lane*>(sums[tap] + plane * kMergeVectorBytes));
  }
};

}  // namespace

int64_t MergeProgram::additions() const { return static_cast<int64_t>(terms.size()) - temporaries; }

void interpret(const MergeProgram& program, LaneType lanes, const std::byte* channels, std::byte* temporaries,
               std::byte* const* sums, int64_t first, int64_t end, bool accumulate) {
  if (lanes == LaneType::kFloat32)
    Interpreter<float>{program, reinterpret_cast<const float*>(channels), reinterpret_cast<float*>(temporaries)}.run(
        sums, first, end, accumulate);
  else
    Interpreter<uint16_t>{program, reinterpret_cast<const uint16_t*>(channels),
                          reinterpret_cast<uint16_t*>(temporaries)}
        .run(sums, first, end, accumulate);
}

}  // namespace plumline
