#pragma once

#include <memory>
#include <vector>

#include "kernels/conv/method.h"
#include "kernels/merge/code.h"
#include "kernels/merge_conv/sign_planes.h"
#include "kernels/quantize/codes.h"

namespace plumline {

// How the channels of a group are cut so that the sums of a chunk stay in int16.
struct MergeChunks {
  int64_t count = 0;  // 0 where there is no such way
  int64_t channels = 0;
};

// A sum over a chunk of signs times codes less the zero point lies somewhere in a range of (ones and minus ones) *
// (high - low) + 1 numbers. While those are at most 2^16 the sum is known from its lowest 16 bits, if what is in the
// middle of the range is taken off. That is all the proof that is needed: int16 wraps around, so that what temporaries
// and parts of the sum are on the way does not matter.
MergeChunks choose_chunks(const SignPlanes& planes, const Taps& taps, const Codes& input);

// The merge programs of a group of filters, one a chunk.
class IntegerMergePrograms {
 public:
  // `step`: planes that may be computed without others.
  IntegerMergePrograms(const SignPlanes& planes, const Taps& taps, const Codes& input, const MergeChunks& chunks,
                       int64_t first_plane, int64_t end_plane, const MergeCodeOptions& options);

  bool complete() const { return complete_; }  // false where code cannot be executed
  const MergeCall* calls() const { return calls_.data(); }
  const int16_t* less() const { return less_.data(); }               // (chunks, planes): the middles, to take off
  const std::vector<int32_t>& middle() const { return middle_; }     // of each plane, those of all chunks together
  size_t temporaries_bytes() const;                                  // that one of them needs at most
  double cost(int64_t positions) const;  // cycles of a position, when a program goes over so many before the next

 private:
  std::vector<std::shared_ptr<const MergeCode>> codes_;
  std::vector<MergeCall> calls_;
  std::vector<int16_t> less_;
  std::vector<int32_t> middle_;
  bool complete_ = true;
};

}  // namespace plumline
