#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <vector>

namespace plumline {

// General-purpose registers by their number in the encoding.
enum class Gp : uint8_t { rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15 };

struct Memory {
  Gp base;
  int32_t displacement = 0;
};

// What a vector instruction does, by the fields that the VEX and EVEX prefixes share. W is 0 in all of them.
struct VectorOp {
  uint8_t prefix;  // 0: none, 1: 66
  uint8_t map;     // 1: 0F, 2: 0F38
  uint8_t opcode;
};
constexpr VectorOp kMoveLoad{0, 1, 0x10};   // vmovups; has no first source
constexpr VectorOp kMoveStore{0, 1, 0x11};  // vmovups
constexpr VectorOp kXor{0, 1, 0x57};        // vxorps
constexpr VectorOp kAddF32{0, 1, 0x58};     // vaddps
constexpr VectorOp kSubF32{0, 1, 0x5C};     // vsubps
constexpr VectorOp kAddI16{1, 1, 0xFD};     // vpaddw
constexpr VectorOp kSubI16{1, 1, 0xF9};     // vpsubw
constexpr VectorOp kFma{1, 2, 0xB8};        // vfmadd231ps: target += a * b
constexpr VectorOp kFmaNegated{1, 2, 0xBC};  // vfnmadd231ps: target -= a * b

// Writes the few x86-64 instructions that generated kernels consist of. Vectors have 32 bytes (VEX: AVX2 and FMA,
// registers 0 to 15) or 64 (EVEX: AVX-512 F, BW, DQ, registers 0 to 31).
class Assembler {
 public:
  explicit Assembler(int vector_bytes) : wide_(vector_bytes == 64) {}

  const std::vector<uint8_t>& code() const { return code_; }
  size_t size() const { return code_.size(); }

  void load(int target, Memory from) { memory_form(kMoveLoad, target, 0, from); }
  void store(Memory to, int source) { memory_form(kMoveStore, source, 0, to); }
  void zero(int target) { register_form(kXor, target, target, target); }
  void compute(VectorOp op, int target, int a, int b) { register_form(op, target, a, b); }
  void compute(VectorOp op, int target, int a, Memory b) { memory_form(op, target, a, b); }
  void broadcast(int target, uint32_t bits);  // to all 32-bit lanes; overwrites eax; the target is below 16
  void zero_upper() { bytes({0xC5, 0xF8, 0x77}); }

  void move(Gp target, Memory from) { integer_memory_form(0x8B, target, from); }
  void address(Gp target, Memory of) { integer_memory_form(0x8D, target, of); }
  void add(Gp target, Gp source);
  void push(Gp source);
  void pop(Gp target);
  void ret() { bytes({0xC3}); }

 private:
  void bytes(std::initializer_list<int> values);
  void displacement(int32_t value);
  void operand(int field, Memory memory, int scale);
  void vector_prefix(VectorOp op, int field, int source, int high_b, int high_x);
  void register_form(VectorOp op, int target, int a, int b);
  void memory_form(VectorOp op, int field, int a, Memory memory);
  void integer_memory_form(int opcode, Gp field, Memory memory);

  bool wide_;
  std::vector<uint8_t> code_;
};

}  // namespace plumline
