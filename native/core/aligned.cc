#include "core/aligned.h"

#include <cstdio>
#include <limits>
#include <new>

#if defined(_WIN32)
#define WIN32_LEAN_AND_MEAN
#include <windows.h>
#else
#include <unistd.h>
#endif

#include "core/error.h"

namespace plumline {

std::shared_ptr<std::byte> allocate_aligned(size_t bytes) {
#if defined(__SANITIZE_ADDRESS__)
  const size_t size = bytes ? bytes : 1;  // nothing that AddressSanitizer would take for ours follows the last byte
#else
  const size_t size = align_up(bytes + 1);
#endif
  void* memory = ::operator new(size, std::align_val_t{kAlignment}, std::nothrow);
  if (!memory) throw Error("there is no memory for " + human_bytes(static_cast<double>(bytes)));
  return std::shared_ptr<std::byte>(static_cast<std::byte*>(memory), [](std::byte* pointer) {
    ::operator delete(pointer, std::align_val_t{kAlignment});
  });
}

size_t physical_memory() {
#if defined(_WIN32)
  MEMORYSTATUSEX status;
  status.dwLength = sizeof(status);
  return GlobalMemoryStatusEx(&status) ? static_cast<size_t>(status.ullTotalPhys) : std::numeric_limits<size_t>::max();
#else
  const long pages = sysconf(_SC_PHYS_PAGES);
  const long page = sysconf(_SC_PAGESIZE);
  if (pages <= 0 || page <= 0) return std::numeric_limits<size_t>::max();  // unknown: let the allocation decide
  return static_cast<size_t>(pages) * static_cast<size_t>(page);
#endif
}

std::string human_bytes(double bytes) {
  const double kGiB = 1024.0 * 1024.0 * 1024.0;
  char text[32];
  if (bytes >= kGiB)
    std::snprintf(text, sizeof(text), "%.1f GiB", bytes / kGiB);
  else
    std::snprintf(text, sizeof(text), "%.1f MiB", bytes * 1024.0 / kGiB);
  return text;
}

}  // namespace plumline
