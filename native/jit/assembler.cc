#include "jit/assembler.h"

namespace plumline {
namespace {

int number(Gp r) { return static_cast<int>(r); }
int low(int r) { return r & 7; }
int bit(int r, int which) { return (r >> which) & 1; }

}  // namespace

void Assembler::bytes(std::initializer_list<int> values) {
  size_t at = code_.size();
  code_.resize(at + values.size());
  for (const int value : values) code_[at++] = static_cast<uint8_t>(value);
}

void Assembler::displacement(int32_t value) {
  const uint32_t bits = static_cast<uint32_t>(value);
  for (int shift = 0; shift < 32; shift += 8) code_.push_back(static_cast<uint8_t>(bits >> shift));
}

// ModRM, SIB where the base asks for one, and the displacement; one byte of it counts in units of `scale`.
void Assembler::operand(int field, Memory memory, int scale) {
  const int base = low(number(memory.base));
  const int32_t d = memory.displacement;
  const bool is_short = d % scale == 0 && d / scale >= -128 && d / scale <= 127;
  const int mode = d == 0 && base != 5 /* rbp, r13: would mean rip */ ? 0 : is_short ? 1 : 2;
  bytes({mode << 6 | low(field) << 3 | base});
  if (base == 4 /* rsp, r12 */) bytes({0x24});
  if (mode == 1) bytes({(d / scale) & 0xFF});
  if (mode == 2) displacement(d);
}

// VEX or EVEX. `field` is the register in ModRM.reg, `source` the one in vvvv; high_b and high_x extend ModRM.rm.
void Assembler::vector_prefix(VectorOp op, int field, int source, int high_b, int high_x) {
  const int not_source = ~source & 15;
  if (wide_) {
    bytes({0x62,
           (!bit(field, 3)) << 7 | (!high_x) << 6 | (!high_b) << 5 | (!bit(field, 4)) << 4 | op.map,
           not_source << 3 | 1 << 2 | op.prefix,
           2 << 5 /* 64 bytes */ | (!bit(source, 4)) << 3});
  } else if (op.map == 1 && !high_b) {
    bytes({0xC5, (!bit(field, 3)) << 7 | not_source << 3 | 1 << 2 /* 32 bytes */ | op.prefix});
  } else {
    bytes({0xC4, (!bit(field, 3)) << 7 | 1 << 6 | (!high_b) << 5 | op.map, not_source << 3 | 1 << 2 | op.prefix});
  }
  bytes({op.opcode});
}

void Assembler::register_form(VectorOp op, int target, int a, int b) {
  vector_prefix(op, target, a, bit(b, 3), bit(b, 4));
  bytes({3 << 6 | low(target) << 3 | low(b)});
}

void Assembler::memory_form(VectorOp op, int field, int a, Memory memory) {
  vector_prefix(op, field, a, bit(number(memory.base), 3), 0);
  operand(field, memory, wide_ ? 64 : 1);
}

void Assembler::integer_memory_form(int opcode, Gp field, Memory memory) {
  bytes({0x48 | bit(number(field), 3) << 2 | bit(number(memory.base), 3), opcode});
  operand(number(field), memory, 1);
}

void Assembler::add(Gp target, Gp source) {
  bytes({0x48 | bit(number(source), 3) << 2 | bit(number(target), 3), 0x01,
         3 << 6 | low(number(source)) << 3 | low(number(target))});
}

void Assembler::push(Gp source) {
  if (bit(number(source), 3)) bytes({0x41});
  bytes({0x50 | low(number(source))});
}

void Assembler::pop(Gp target) {
  if (bit(number(target), 3)) bytes({0x41});
  bytes({0x58 | low(number(target))});
}

void Assembler::broadcast(int target, uint32_t constant) {
  bytes({0xB8});  // mov eax, constant
  displacement(static_cast<int32_t>(constant));
  bytes({0xC5, (!bit(target, 3)) << 7 | 0x79, 0x6E, 3 << 6 | low(target) << 3});  // vmovd xmm, eax
  register_form({1, 2, 0x18}, target, 0, target);                               // vbroadcastss
}

}  // namespace plumline
