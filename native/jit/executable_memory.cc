#include "jit/executable_memory.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>

#if PLUMLINE_X86 && !defined(_WIN32)
#define PLUMLINE_JIT 1
#include <sys/mman.h>
#include <unistd.h>

#include <mutex>
#endif

namespace plumline {

#if PLUMLINE_JIT

namespace {

void report_refusal(const char* call) {
  static std::once_flag once;
  std::call_once(once, [call] {
    std::fprintf(stderr, "plumline: no executable memory (%s was refused): running without generated code\n", call);
  });
}

}  // namespace

bool code_generation_is_enabled() {
  const char* choice = std::getenv("PLUMLINE_JIT");
  return !choice || std::strcmp(choice, "0") != 0;
}

std::unique_ptr<ExecutableMemory> ExecutableMemory::make(const std::vector<uint8_t>& code) {
  if (!code_generation_is_enabled() || code.empty() || code.size() > kMostCodeBytes) return nullptr;
  const long page = sysconf(_SC_PAGESIZE);
  if (page <= 0) return nullptr;
  const size_t unit = static_cast<size_t>(page);
  const size_t bytes = (code.size() + unit - 1) / unit * unit;
  void* pages = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (pages == MAP_FAILED) {
    report_refusal("mmap");
    return nullptr;
  }
  std::memset(pages, 0xCC, bytes);  // int3: what is beyond the code must not run
  std::memcpy(pages, code.data(), code.size());
  std::unique_ptr<ExecutableMemory> memory(new ExecutableMemory(pages, bytes));
  if (mprotect(pages, bytes, PROT_READ | PROT_EXEC) != 0) {
    report_refusal("mprotect");
    return nullptr;
  }
  return memory;
}

ExecutableMemory::~ExecutableMemory() { munmap(pages_, bytes_); }

#else

bool code_generation_is_enabled() { return false; }
std::unique_ptr<ExecutableMemory> ExecutableMemory::make(const std::vector<uint8_t>&) { return nullptr; }
ExecutableMemory::~ExecutableMemory() {}

#endif

}  // namespace plumline
