#include "kernels/merge/generate.h"

#include <algorithm>
#include <utility>

#include "core/error.h"
#include "jit/assembler.h"

namespace plumline {
namespace {

constexpr Gp kChannels = Gp::rdi, kTemporaries = Gp::rsi, kSums = Gp::rdx, kOffset = Gp::rcx;
constexpr Gp kTapRegisters[] = {Gp::r8, Gp::r9, Gp::r10, Gp::r11, Gp::rbx, Gp::rbp, Gp::r12, Gp::r13, Gp::r14};
constexpr int64_t kMostTaps = 9;     // of a block
constexpr int64_t kScratchTaps = 4;  // whose registers a function need not preserve

// In EVEX, one byte of displacement reaches so many vectors before and after a pointer. So pointers are moved ahead,
// and there is one for every 2 * kReach temporaries; the other registers are free once the arguments have been read.
constexpr int64_t kReach = 128;
constexpr Gp kTemporaryBases[] = {kTemporaries, Gp::rax, kSums, kOffset};
static_assert(kMostMergeTemporaries <= 4 * 2 * kReach, "a pointer for each temporary");

// Vector registers with a task of their own; sums have the others. As second sources, low ones make VEX shorter.
constexpr int kOperand = 0, kOnes = 1, kFirstSum = 2;

// A use of an operand by a sum in a register.
struct Use {
  uint16_t term;
  uint8_t accumulator;
};

class Generator {
 public:
  Generator(const MergeProgram& program, const MergeCodeOptions& options)
      : program_(program), wide_(options.vector_bytes == 64), assembler_(options.vector_bytes) {
    image_.options = options;
  }

  MergeCodeImage run() {
    emit_temporaries();
    const int64_t step = image_.options.plane_step;
    const int64_t taps = image_.options.tap_step;
    for (int64_t plane = 0; plane < program_.planes; plane += step)
      for (int64_t tap = 0; tap < program_.taps; tap += taps)
        emit_block({plane, std::min(plane + step, program_.planes), tap, std::min(tap + taps, program_.taps)});
    image_.code = assembler_.code();
    return std::move(image_);
  }

 private:
  int vectors_registers() const { return wide_ ? 32 : 16; }

  // How far the pointer to the channels is moved ahead.
  int64_t channels_shift() const { return wide_ && program_.columns > kReach ? kReach * kMergeVectorBytes : 0; }

  Memory channel(int64_t i) const {
    return {kChannels, static_cast<int32_t>(i * kMergeVectorBytes - channels_shift())};
  }

  Memory temporary(int64_t i) const {
    if (!wide_) return {kTemporaries, static_cast<int32_t>(i * image_.options.vector_bytes)};
    return {kTemporaryBases[i / (2 * kReach)], static_cast<int32_t>((i % (2 * kReach) - kReach) * kMergeVectorBytes)};
  }

  Memory operand(int64_t i) const { return i < program_.columns ? channel(i) : temporary(i - program_.columns); }

  void emit_constants() {
    if (wide_ && image_.options.lanes == LaneType::kFloat32) assembler_.broadcast(kOnes, 0x3F800000 /* 1.0f */);
  }

  // Overwrites the arguments that come after the first two.
  void emit_pointers() {
    if (!wide_) {
      assembler_.add(kChannels, kOffset);
      return;
    }
    if (channels_shift()) assembler_.address(kChannels, {kChannels, static_cast<int32_t>(channels_shift())});
    const int64_t bases = (program_.temporaries + 2 * kReach - 1) / (2 * kReach);
    for (int64_t i = bases - 1; i >= 0; --i)
      assembler_.address(kTemporaryBases[i],
                         {kTemporaries, static_cast<int32_t>((2 * i + 1) * kReach * kMergeVectorBytes)});
  }

  void emit_return() {
    assembler_.zero_upper();
    assembler_.ret();
  }

  template <class Source>
  void add(int target, Source source, bool subtracted) {
    ++image_.work.additions;
    if (image_.options.lanes == LaneType::kInt16) {
      assembler_.compute(subtracted ? kSubI16 : kAddI16, target, target, source);
    } else if (wide_ && (multiplies_ = !multiplies_)) {
      // On some processors by other units than those that add, which are too few for 64 bytes. A product with 1 is
      // exact, so the result is the same.
      assembler_.compute(subtracted ? kFmaNegated : kFma, target, kOnes, source);
    } else {
      assembler_.compute(subtracted ? kSubF32 : kAddF32, target, target, source);
    }
  }

  void load(int target, Memory from) {
    ++image_.work.loads;
    assembler_.load(target, from);
  }

  void store(Memory to, int source) {
    ++image_.work.stores;
    assembler_.store(to, source);
  }

  void emit_temporaries() {
    image_.temporaries_entry = assembler_.size();
    emit_constants();
    emit_pointers();
    for (int64_t i = 0; i < program_.temporaries; ++i) {
      const int32_t first = program_.start[i];
      load(kFirstSum, operand(operand_of(program_.terms[first])));
      for (int32_t k = first + 1; k < program_.start[i + 1]; ++k) {
        ++image_.work.loads;
        add(kFirstSum, operand(operand_of(program_.terms[k])), is_subtracted(program_.terms[k]));
      }
      store(temporary(i), kFirstSum);
    }
    emit_return();
  }

  void emit_block(const RowBlock& block) {
    image_.blocks.push_back({block, assembler_.size()});
    const int64_t taps = block.end_tap - block.first_tap;
    emit_constants();
    for (int64_t i = kScratchTaps; i < taps; ++i) assembler_.push(kTapRegisters[i]);
    for (int64_t i = 0; i < taps; ++i) {
      const Gp tap = kTapRegisters[i];
      assembler_.move(tap, {kSums, static_cast<int32_t>((block.first_tap + i) * 8)});
      if (!wide_) assembler_.add(tap, kOffset);
      if (block.first_plane > 0)
        assembler_.address(tap, {tap, static_cast<int32_t>(block.first_plane * kMergeVectorBytes)});
    }
    emit_pointers();
    for (const RowGroup& group : group_rows(program_, block, vectors_registers() - kFirstSum)) emit_group(group, block);
    for (int64_t i = taps - 1; i >= kScratchTaps; --i) assembler_.pop(kTapRegisters[i]);
    emit_return();
  }

  Memory sum(int64_t row, const RowBlock& block) const {
    return {kTapRegisters[row % program_.taps - block.first_tap],
            static_cast<int32_t>((row / program_.taps - block.first_plane) * kMergeVectorBytes)};
  }

  void emit_group(const RowGroup& rows, const RowBlock& block) {
    for (size_t i = 0; i < rows.size(); ++i) {
      const int accumulator = kFirstSum + static_cast<int>(i);
      if (image_.options.accumulate)
        load(accumulator, sum(rows[i], block));
      else
        assembler_.zero(accumulator);
    }
    sort_uses(rows);
    for (int64_t i = 0; i < program_.columns + program_.temporaries; ++i)
      emit_uses(i, first_use_[static_cast<size_t>(i)], first_use_[static_cast<size_t>(i) + 1]);
    for (size_t i = 0; i < rows.size(); ++i) store(sum(rows[i], block), kFirstSum + static_cast<int>(i));
  }

  // Sorts what a group uses by operand; those of operand i are [first_use_[i], first_use_[i + 1]).
  void sort_uses(const RowGroup& rows) {
    first_use_.assign(static_cast<size_t>(program_.columns + program_.temporaries) + 2, 0);
    size_t count = 0;
    for_terms(rows, [&](uint16_t term, size_t) {
      ++first_use_[static_cast<size_t>(operand_of(term)) + 2];
      ++count;
    });
    for (size_t i = 2; i < first_use_.size(); ++i) first_use_[i] += first_use_[i - 1];
    uses_.resize(count);
    for_terms(rows, [&](uint16_t term, size_t i) {
      uses_[first_use_[static_cast<size_t>(operand_of(term)) + 1]++] = {term, static_cast<uint8_t>(kFirstSum + i)};
    });
  }

  template <class Function>
  void for_terms(const RowGroup& rows, Function&& function) const {
    for (size_t i = 0; i < rows.size(); ++i) {
      const int64_t at = program_.temporaries + rows[i];
      for (int32_t k = program_.start[at]; k < program_.start[at + 1]; ++k) function(program_.terms[k], i);
    }
  }

  // An operand that one sum uses is read from memory in place.
  void emit_uses(int64_t number, size_t begin, size_t end) {
    if (begin == end) return;
    if (end - begin == 1) {
      ++image_.work.loads;
      add(uses_[begin].accumulator, operand(number), is_subtracted(uses_[begin].term));
      return;
    }
    load(kOperand, operand(number));
    for (size_t i = begin; i < end; ++i) add(uses_[i].accumulator, kOperand, is_subtracted(uses_[i].term));
  }

  const MergeProgram& program_;
  const bool wide_;
  Assembler assembler_;
  MergeCodeImage image_;
  std::vector<Use> uses_;  // of a group
  std::vector<size_t> first_use_;
  bool multiplies_ = false;
};

}  // namespace

MergeCodeImage generate(const MergeProgram& program, const MergeCodeOptions& options) {
  if (options.vector_bytes != 32 && options.vector_bytes != 64) throw Error("vectors have 32 or 64 bytes");
  if (options.plane_step < 1 || options.plane_step > 64) throw Error("a block of code is for 1 to 64 planes");
  if (options.tap_step < 1 || options.tap_step > kMostTaps) throw Error("a block of code is for 1 to 9 taps");
  return Generator(program, options).run();
}

}  // namespace plumline
