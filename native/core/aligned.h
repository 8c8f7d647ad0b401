#pragma once

#include <cstddef>
#include <memory>
#include <string>

namespace plumline {

constexpr size_t kAlignment = 64;  // a cache line, and the widest vector

inline size_t align_up(size_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

// At least one byte, 64-byte aligned. Throws Error when there is no memory.
std::shared_ptr<std::byte> allocate_aligned(size_t bytes);

// Bytes of memory in this machine; what a program may need is checked against it before anything is allocated.
size_t physical_memory();

// "12.3 GiB" or "45.6 MiB", for messages.
std::string human_bytes(double bytes);

}  // namespace plumline
