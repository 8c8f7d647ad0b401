#pragma once

#include <cstddef>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#endif

namespace plumline {

// Values and scratch share one allocation, so that AddressSanitizer cannot tell one from another. In its builds this
// closes the whole arena and opens, to the byte, what a step may touch; elsewhere it does nothing.
class ArenaGuard {
 public:
#if defined(__SANITIZE_ADDRESS__)
  static constexpr bool kWorks = true;
  ArenaGuard(const std::byte* arena, size_t bytes) : arena_(arena), bytes_(bytes) {}
  ~ArenaGuard() { ASAN_UNPOISON_MEMORY_REGION(arena_, bytes_); }
  void close() const { ASAN_POISON_MEMORY_REGION(arena_, bytes_); }
  // What lies elsewhere, in a caller's array or a constant, was never closed.
  void open(const void* data, size_t bytes) const {
    const auto* begin = static_cast<const std::byte*>(data);
    if (begin >= arena_ && begin < arena_ + bytes_) ASAN_UNPOISON_MEMORY_REGION(begin, bytes);
  }
  ArenaGuard(const ArenaGuard&) = delete;
  ArenaGuard& operator=(const ArenaGuard&) = delete;

 private:
  const std::byte* arena_;
  size_t bytes_;
#else
  static constexpr bool kWorks = false;
  ArenaGuard(const std::byte*, size_t) {}
  void close() const {}
  void open(const void*, size_t) const {}
#endif
};

}  // namespace plumline
