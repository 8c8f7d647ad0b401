#pragma once

#include <string>
#include <vector>

namespace plumline {

// Ordered: each includes those before it. kReference runs the small, slow, obviously right loops; kPortable runs the
// fast algorithms on plain C++; the others are x86-64 instruction sets. kAvx512 is F, BW, DQ and VL; kAvx512Vnni adds the
// products of bytes (VNNI).
enum class Isa { kReference, kPortable, kAvx2, kAvx512, kAvx512Vnni };

const char* name_of(Isa isa);
Isa isa_from_name(const std::string& name);  // throws Error naming the choices
Isa best_isa();                               // of this CPU and operating system, found once by cpuid and xgetbv
std::vector<Isa> available_isas();            // all up to best_isa(), in order

}  // namespace plumline
