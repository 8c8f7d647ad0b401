#pragma once

#include <string>
#include <vector>

namespace plumline {

// Ordered: each includes those before it. kReference runs the small, slow, obviously right loops; kPortable runs the
// fast algorithms on plain C++; the others are x86-64 instruction sets. kAvx512 is F, BW, DQ and VL; kAvx512Vnni adds the
// products of bytes (VNNI), kAmx tile registers. The two "emulated" ones are the one before them with tile registers
// computed in software: for tests, which name them, as the kernels for tiles must be tested on processors without;
// best_isa() and available_isas() leave them out.
enum class Isa { kReference, kPortable, kPortableEmulatedAmx, kAvx2, kAvx512, kAvx512EmulatedAmx, kAvx512Vnni, kAmx };

const char* name_of(Isa isa);
Isa isa_from_name(const std::string& name);  // throws Error naming the choices
Isa best_isa();                               // of this CPU and operating system, found once
std::vector<Isa> available_isas();            // all up to best_isa(), in order
bool can_run(Isa isa);                        // those, and what is emulated on them

inline bool is_emulated(Isa isa) { return isa == Isa::kPortableEmulatedAmx || isa == Isa::kAvx512EmulatedAmx; }

}  // namespace plumline
