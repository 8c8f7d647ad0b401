#pragma once

#include <memory>

#include "jit/executable_memory.h"
#include "kernels/merge/call.h"
#include "kernels/merge/generate.h"
#include "kernels/merge/merge_pairs.h"

namespace plumline {

// The budget with which the channels of a chunk and the temporaries leave half of the smallest first-level cache of the
// processors with these vectors, 32 KiB, to the sums. It does not ask for the cache of this machine: another budget
// would be another program, and its results would differ in the last bits from one machine to another.
MergeBudget merge_budget(int64_t columns, int vector_bytes);

// A merge program as machine code that may be called, from any number of threads.
class MergeCode {
 public:
  // Null where code cannot be executed; see ExecutableMemory.
  static std::shared_ptr<const MergeCode> make(const MergeProgram& program, const MergeCodeOptions& options);

  // The code of a matrix, with merge_budget(); the same one for all who ask while anyone holds it.
  static std::shared_ptr<const MergeCode> of(const SignMatrix& matrix, const MergeCodeOptions& options);

  // Computes planes [first, end) at one position, as interpret() does. `first` and `end` are multiples of
  // options().plane_step, but `end` may be the last. `temporaries` has temporaries_bytes(). The taps of a block (those
  // from a multiple of options().tap_step to the next) are left out if the pointer to the sums of the first is null.
  void run(const std::byte* channels, std::byte* temporaries, std::byte* const* sums, int64_t first,
           int64_t end) const;

  CodeRange range(int64_t first, int64_t end) const;  // of the sums of these planes

  const MergeCodeOptions& options() const { return options_; }
  size_t temporaries_bytes() const { return temporaries_bytes_; }
  size_t code_bytes() const { return code_bytes_; }
  const MergeWork& work() const { return work_; }

 private:
  using Entry = void(const std::byte*, std::byte*, std::byte* const*, int64_t);
  struct Block {
    RowBlock rows;
    Entry* entry;
    CodeRange range;
  };

  MergeCode(const MergeCodeImage& image, int64_t temporaries, std::unique_ptr<ExecutableMemory> memory);

  MergeCodeOptions options_;
  size_t temporaries_bytes_, code_bytes_;
  MergeWork work_;
  std::unique_ptr<ExecutableMemory> memory_;
  Entry* temporaries_;
  std::vector<Block> blocks_;
};

// For as long as someone holds the code.
MergeCall call_of(int64_t first_channel, const MergeCode* code);

}  // namespace plumline
