#pragma once

#include <memory>
#include <vector>

#include "kernels/conv/method.h"
#include "kernels/merge/code.h"
#include "kernels/merge_conv/merge_conv.h"
#include "kernels/merge_conv/sign_planes.h"

namespace plumline {

constexpr int64_t kMergeChunk = 64;  // channels of a program

inline int64_t merge_passes(const Taps& taps) { return (taps.channels + kMergeChunk - 1) / kMergeChunk; }

// The merge programs of a group of filters. Windows only matter for their strides and what a kernel is like.
class MergePrograms {
 public:
  MergePrograms(const Taps& taps, const Window& window, const SignPlanes& planes, int64_t group,
                const MergeCodeOptions& options);

  bool complete() const { return complete_; }  // false where code cannot be executed
  MergeCalls calls() const { return {calls_.data()}; }

  size_t temporaries_bytes() const;  // that one of them needs at most
  // Estimated processor cycles for one position of the output, when each program goes over so many before the next.
  double cost(int64_t positions) const;

 private:
  void add(const Taps& taps, const SignPlanes& planes, int64_t first_plane, int64_t end_plane,
           const std::vector<int64_t>& read, int64_t pass, const MergeCodeOptions& options);

  bool complete_ = true;
  std::vector<std::shared_ptr<const MergeCode>> codes_;  // as calls_; null where nothing is read
  std::vector<MergeCall> calls_;
};

}  // namespace plumline
