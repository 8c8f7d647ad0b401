#pragma once

#include <memory>
#include <vector>

#include "kernels/integer_sub_images/plan.h"
#include "kernels/integer_sub_images/planes.h"
#include "kernels/merge/code.h"

namespace plumline {

// The merge programs of a group of filters: one a chunk of channels and place in the strides, as not every tap reads
// every position.
class IntegerMergePrograms {
 public:
  IntegerMergePrograms(const PlaneRows& rows, const Taps& taps, const CodeChunks& chunks, const CodeAxis& down,
                       const CodeAxis& across, int64_t first_plane, int64_t end_plane, const MergeCodeOptions& options);

  bool complete() const { return complete_; }  // false where code cannot be executed
  const MergeCall* calls() const { return calls_.data(); }

 private:
  bool complete_ = true;
  std::vector<std::shared_ptr<const MergeCode>> codes_;  // as calls_; null where nothing is read
  std::vector<MergeCall> calls_;
};

}  // namespace plumline
