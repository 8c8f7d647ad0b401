#include "kernels/conv/finish.inl"
#include "kernels/conv/pack.inl"
#include "kernels/summerge/summerge.h"

namespace plumline {
namespace PLUMLINE_ISA_NAMESPACE {
namespace {

constexpr int kVectors = 32 / F32::kLanes;  // of 32 pixels: enough for an operand's number to cost less than its loads

// A row of the work area, or the sums of an accumulator, in registers.
template <int vectors>
struct Row {
  static constexpr int64_t kWidth = vectors * F32::kLanes;
  F32 x[vectors];

  static Row load(const float* from) {
    Row row;
#pragma GCC unroll 8
    for (int v = 0; v < vectors; ++v) row.x[v] = F32::load(from + v * F32::kLanes);
    return row;
  }
  static Row zero() {
    Row row;
#pragma GCC unroll 8
    for (int v = 0; v < vectors; ++v) row.x[v] = F32::set(0);
    return row;
  }
  void store(float* to) const {
#pragma GCC unroll 8
    for (int v = 0; v < vectors; ++v) x[v].store(to + v * F32::kLanes);
  }
  void add(const float* row) {
#pragma GCC unroll 8
    for (int v = 0; v < vectors; ++v) x[v] = x[v] + F32::load(row + v * F32::kLanes);
  }
  void subtract(const float* row) {
#pragma GCC unroll 8
    for (int v = 0; v < vectors; ++v) x[v] = x[v] - F32::load(row + v * F32::kLanes);
  }
  void add_times(F32 factor, const float* row) {
#pragma GCC unroll 8
    for (int v = 0; v < vectors; ++v) x[v] = fma(factor, F32::load(row + v * F32::kLanes), x[v]);
  }
};

// Computes the pairs of a part into the rows from `to` on.
template <int vectors>
void compute_pairs(const SumMergePart& part, const SumMergePair* pairs, const float* rows, float* to) {
  using R = Row<vectors>;
  const auto each = [&](int64_t begin, int64_t end, const auto& combine) {
    for (const SumMergePair *pair = pairs + begin, *last = pairs + end; pair < last; ++pair, to += R::kWidth) {
      R row = R::load(rows + pair->a * R::kWidth);
      combine(row, rows + pair->b * R::kWidth);
      row.store(to);
    }
  };
  const F32 nothing = F32::set(0);
  each(part.sums, part.differences, [](R& row, const float* b) { row.add(b); });
  each(part.differences, part.zeros, [](R& row, const float* b) { row.subtract(b); });
  each(part.zeros, part.end_pairs, [&](R& row, const float* b) { row.add_times(nothing, b); });
}

// Adds the rows of a part to the sums of the accumulators.
template <int vectors>
void accumulate(const SumMergePart& part, const SumMergeProgram& program, const float* rows, float* sums) {
  using R = Row<vectors>;
  const int32_t* accumulator = program.accumulators + part.accumulators;
  const uint16_t* operand = program.operands + part.operands;
  for (const SumMergeRun *run = program.runs + part.runs, *end = program.runs + part.end_runs; run < end; ++run) {
    for (int32_t i = 0; i < run->accumulators; ++i) {
      float* at = sums + *accumulator++ * R::kWidth;
      R sum = R::load(at);
      for (const uint16_t* last = operand + run->added; operand < last; ++operand) sum.add(rows + *operand * R::kWidth);
      for (const uint16_t* last = operand + run->subtracted; operand < last; ++operand)
        sum.subtract(rows + *operand * R::kWidth);
      sum.store(at);
    }
  }
}

template <int vectors>
void run_tile(const Window& window, const Tile& tile, const Finish& finish, const float* source,
              const SumMergeProgram& program, float* scratch) {
  if constexpr (vectors > 1) {
    if (tile.vectors < vectors) return run_tile<vectors - 1>(window, tile, finish, source, program, scratch);
  }
  using R = Row<vectors>;
  float* rows = scratch;
  float* sums = rows + program.rows * R::kWidth;
  R::zero().store(rows);
  for (int64_t i = 0; i < program.row_start[window.filters]; ++i) R::zero().store(sums + i * R::kWidth);

  const Packer<vectors> packer(window, source, tile);
  for (const SumMergePart* part = program.parts; part < program.end_parts; ++part) {
    packer.pack(part->first_row, part->end_row, rows + R::kWidth);
    const int64_t first_result = 1 + part->end_row - part->first_row;
    compute_pairs<vectors>(*part, program.pairs, rows, rows + first_result * R::kWidth);
    accumulate<vectors>(*part, program, rows, sums);
  }

  finish_tile(window, tile, finish, [&](int64_t filter, int64_t lane) {
    const int64_t m = tile.first_filter + filter;
    F32 y = F32::set(0);
    for (int64_t i = program.row_start[m]; i < program.row_start[m + 1]; ++i)
      y = fma(F32::set(program.value[i]), F32::load(sums + i * R::kWidth + lane), y);
    return y;
  });
}

}  // namespace

extern const SumMergeKernel summerge_kernel;
const SumMergeKernel summerge_kernel = {PLUMLINE_ISA_NAME, F32::kLanes, kVectors, run_tile<kVectors>};

}  // namespace PLUMLINE_ISA_NAMESPACE
}  // namespace plumline
