#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace plumline {

// Most bytes of code that may be made at a time: weights that need more are better kept as data.
constexpr size_t kMostCodeBytes = size_t{64} << 20;

// Pages that hold code and may be executed; never writable and executable at once.
class ExecutableMemory {
 public:
  // Null where code cannot be made: other processors and systems than this was written for, a system that forbids
  // executable memory, the environment variable PLUMLINE_JIT=0, too much or no code. A refusal by the system is
  // reported on standard error once.
  static std::unique_ptr<ExecutableMemory> make(const std::vector<uint8_t>& code);

  ~ExecutableMemory();
  ExecutableMemory(const ExecutableMemory&) = delete;
  ExecutableMemory& operator=(const ExecutableMemory&) = delete;

  // The function that begins at a byte of the code.
  template <class Function>
  Function* entry(size_t offset) const {
    return reinterpret_cast<Function*>(reinterpret_cast<uintptr_t>(pages_) + offset);
  }
  const std::byte* at(size_t offset) const { return static_cast<const std::byte*>(pages_) + offset; }

 private:
  ExecutableMemory(void* pages, size_t bytes) : pages_(pages), bytes_(bytes) {}

  void* pages_;
  size_t bytes_;
};

// Whether make() may succeed: the processor, the system and PLUMLINE_JIT allow it.
bool code_generation_is_enabled();

}  // namespace plumline
