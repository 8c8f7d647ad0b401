#include "core/cpu.h"

#include <cstdint>
#include <initializer_list>

#include "core/error.h"

#if PLUMLINE_X86
#if defined(_MSC_VER)
#include <intrin.h>
#else
#include <cpuid.h>
#endif
#endif
#if PLUMLINE_AMX
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace plumline {

namespace {

constexpr const char* kNames[] = {"reference", "portable",            "portable_emulated_amx", "avx2",
                                  "avx512",    "avx512_emulated_amx", "avx512_vnni",           "amx"};
constexpr int kCount = sizeof(kNames) / sizeof(kNames[0]);

#if PLUMLINE_X86
struct Leaf {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
};

#if defined(_MSC_VER)
Leaf cpuid(unsigned leaf) {
  int registers[4];
  __cpuidex(registers, static_cast<int>(leaf), 0);
  return {static_cast<unsigned>(registers[0]), static_cast<unsigned>(registers[1]),
          static_cast<unsigned>(registers[2]), static_cast<unsigned>(registers[3])};
}

uint64_t saved_state() { return _xgetbv(0); }
#else
Leaf cpuid(unsigned leaf) {
  Leaf r;
  __cpuid_count(leaf, 0, r.eax, r.ebx, r.ecx, r.edx);
  return r;
}

// Which registers the operating system saves at a task switch: without that, using them is not allowed.
uint64_t saved_state() {
  unsigned low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (static_cast<uint64_t>(high) << 32) | low;
}
#endif

bool has(unsigned bits, std::initializer_list<int> wanted) {
  for (const int bit : wanted)
    if (!((bits >> bit) & 1u)) return false;
  return true;
}

#if PLUMLINE_AMX
// Linux keeps the eight kilobytes of tile registers from a process until it asks for them.
bool may_use_tiles() {
  constexpr long kRequestPermission = 0x1023;  // ARCH_REQ_XCOMP_PERM
  constexpr long kTileData = 18;               // its bit in the saved state
  return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
}

bool has_amx(uint64_t saved) {
  if ((saved & 0x60000) != 0x60000 /* tile configuration, tile data */) return false;
  return has(cpuid(7).edx, {22 /* AMX-BF16 */, 24 /* AMX-TILE */, 25 /* AMX-INT8 */}) && may_use_tiles();
}
#else
bool has_amx(uint64_t) { return false; }
#endif

Isa detect() {
  if (cpuid(0).eax < 7) return Isa::kPortable;
  const Leaf basic = cpuid(1);
  if (!has(basic.ecx, {12 /* FMA */, 27 /* OSXSAVE */, 28 /* AVX */})) return Isa::kPortable;
  const uint64_t saved = saved_state();
  const Leaf features = cpuid(7);
  const unsigned extended = features.ebx;
  if ((saved & 0x6) != 0x6 /* xmm, ymm */ || !has(extended, {5 /* AVX2 */})) return Isa::kPortable;
  if ((saved & 0xE6) != 0xE6 /* and opmask, zmm */) return Isa::kAvx2;
  if (!has(extended, {16 /* F */, 17 /* DQ */, 30 /* BW */, 31 /* VL */})) return Isa::kAvx2;
  if (!has(features.ecx, {11 /* VNNI */})) return Isa::kAvx512;
  return has_amx(saved) ? Isa::kAmx : Isa::kAvx512Vnni;
}
#else
Isa detect() { return Isa::kPortable; }
#endif

}  // namespace

const char* name_of(Isa isa) { return kNames[static_cast<int>(isa)]; }

Isa isa_from_name(const std::string& name) {
  std::string choices;
  for (int i = 0; i < kCount; ++i) {
    const Isa isa = static_cast<Isa>(i);
    if (name == kNames[i]) return isa;
    if (!is_emulated(isa)) choices += (i ? std::string(", ") : std::string()) + kNames[i];
  }
  throw Error("unknown instruction set '" + name + "': choose from " + choices);
}

Isa best_isa() {
  static const Isa best = detect();
  return best;
}

std::vector<Isa> available_isas() {
  std::vector<Isa> isas;
  for (int i = 0; i <= static_cast<int>(best_isa()); ++i)
    if (!is_emulated(static_cast<Isa>(i))) isas.push_back(static_cast<Isa>(i));
  return isas;
}

// What is emulated stands behind what it needs.
bool can_run(Isa isa) { return (is_emulated(isa) ? static_cast<Isa>(static_cast<int>(isa) - 1) : isa) <= best_isa(); }

}  // namespace plumline
