#include "kernels/integer_tables/integer_tables.h"

#include "kernels/integer_sub_images/worker.inl"

namespace plumline {
namespace PLUMLINE_ISA_NAMESPACE {
namespace {

#if defined(__AVX512BW__)
constexpr double kSlowness = 1;
#elif defined(__AVX2__)
constexpr double kSlowness = 1.2;
#else
constexpr double kSlowness = 2.3;
#endif

// Fills a table: entry e is the sum of the channels whose bit is set in e. Entry 0 is zero already. The sums of the first three channels stay in registers, so that nothing is read back.
template <int bits>
inline void fill_table(const int16_t* channels, int16_t* table) {
  constexpr int kLow = bits < 3 ? bits : 3;
#pragma GCC unroll 4
  for (int part = 0; part < S16x32::kParts; ++part) {
    using Part = S16x32::Part;
    const auto at = [part](auto* p, int i) { return p + i * kLanes + part * (kLanes / S16x32::kParts); };
    Part low[1 << kLow];
    low[0] = Part::zero();
#pragma GCC unroll 3
    for (int bit = 0; bit < kLow; ++bit) {
      const Part x = Part::load(at(channels, bit));
#pragma GCC unroll 4
      for (int i = 0; i < 1 << bit; ++i) low[(1 << bit) + i] = low[i] + x;
    }
#pragma GCC unroll 8
    for (int i = 1; i < 1 << kLow; ++i) low[i].store(at(table, i));
    Part upper[1 << (bits - kLow)];
    upper[0] = Part::zero();
#pragma GCC unroll 2
    for (int bit = 0; bit < bits - kLow; ++bit) {
      const Part x = Part::load(at(channels, kLow + bit));
#pragma GCC unroll 2
      for (int h = 0; h < 1 << bit; ++h) {
        const int entry = (1 << bit) + h;
        upper[entry] = upper[h] + x;
#pragma GCC unroll 8
        for (int i = 0; i < 1 << kLow; ++i) (low[i] + upper[entry]).store(at(table, (entry << kLow) + i));
      }
    }
  }
}

// All tables of one position: of each `bits` of the `count` channels, and of what is left of them.
template <int bits>
void fill_tables(const int16_t* channels, int64_t count, int16_t* tables) {
  for (; count >= bits; count -= bits) {
    fill_table<bits>(channels, tables);
    channels += bits * kLanes;
    tables += kLanes << bits;
  }
  if (count == 1) fill_table<1>(channels, tables);
  if (count == 2) fill_table<2>(channels, tables);
  if (count == 3) fill_table<3>(channels, tables);
  if (count == 4) fill_table<4>(channels, tables);
  if (count == 5) fill_table<5>(channels, tables);
}

// Where the entry that the i-th `bits` bits of `word` name stands in its table. An entry is 64 bytes: the shift leaves
// the bits where they count in those, one instruction less than to shift them down and multiply.
template <int bits>
inline int64_t entry_at(uint64_t word, int i) {
  const uint64_t shifted = bits * i < 6 ? word << (6 - bits * i) : word >> (bits * i - 6);
  return static_cast<int64_t>(shifted & (((uint64_t{1} << bits) - 1) << 6)) / 2;
}

// For each plane, adds the entries that its word names to its sum. Even and odd tables are added apart, for speed.
template <int bits, int tables>
void add_planes(const uint64_t* words, int64_t planes, const int16_t* position, int16_t* sums) {
  for (int64_t plane = 0; plane < planes; ++plane, sums += kLanes) {
    const uint64_t word = words[plane];
    if (word == 0) continue;
    S16x32 even = S16x32::load(sums), odd = S16x32::zero();
#pragma GCC unroll 16
    for (int i = 0; i < tables; ++i) {
      const S16x32 entry = S16x32::load(position + i * (kLanes << bits) + entry_at<bits>(word, i));
      if (i % 2)
        odd = odd + entry;
      else
        even = even + entry;
    }
    (even + odd).store(sums);
  }
}

using AddPlanes = void (*)(const uint64_t* words, int64_t planes, const int16_t* position, int16_t* sums);

// How a word of so many tables is added: one function each.
template <int bits>
AddPlanes add_planes_for(int64_t tables) {
#define PLUMLINE_ADD(n) add_planes<bits, (n * bits < 64 + bits ? n : 1)>
  static const AddPlanes functions[] = {PLUMLINE_ADD(1),  PLUMLINE_ADD(2),  PLUMLINE_ADD(3),  PLUMLINE_ADD(4),
                                        PLUMLINE_ADD(5),  PLUMLINE_ADD(6),  PLUMLINE_ADD(7),  PLUMLINE_ADD(8),
                                        PLUMLINE_ADD(9),  PLUMLINE_ADD(10), PLUMLINE_ADD(11), PLUMLINE_ADD(12),
                                        PLUMLINE_ADD(13), PLUMLINE_ADD(14), PLUMLINE_ADD(15), PLUMLINE_ADD(16)};
#undef PLUMLINE_ADD
  return functions[tables - 1];
}

template <int bits>
class TablesAdder {
 public:
  TablesAdder(const CodeWork& work, const TableWords& words)
      : words_(words), tables_(reinterpret_cast<int16_t*>(work.scratch)) {
    const int64_t size = work.plan.adder / 2;
    for (int64_t i = 0; i < size; i += kLanes) S16x32::zero().store(tables_ + i);
  }

  void add(const Addition& a) const {
    fill_tables<bits>(a.channels, a.count, tables_);
    const AddPlanes add_planes = add_planes_for<bits>((a.count + bits - 1) / bits);
    for (int64_t i = 0; i < a.target_count; ++i)
      add_planes(words_.words + (a.chunk * words_.taps + a.targets[i].tap) * words_.planes + a.first_plane, a.planes,
                 tables_, a.targets[i].sums);
  }

 private:
  const TableWords& words_;
  int16_t* tables_;
};

template <int bits>
void run_bits(const CodeWork& work, const TableWords& words) {
  TablesAdder<bits> adder(work, words);
  Worker<TablesAdder<bits>>(work, adder).run();
}

void run_band(const CodeWork& work, const TableWords& words) {
  if (words.bits == 6) return run_bits<6>(work, words);
  if (words.bits == 5) return run_bits<5>(work, words);
  run_bits<4>(work, words);
}

}  // namespace

extern const IntegerTablesKernel integer_tables_kernel;
const IntegerTablesKernel integer_tables_kernel = {PLUMLINE_ISA_NAME, kSlowness, run_band};

}  // namespace PLUMLINE_ISA_NAMESPACE
}  // namespace plumline
