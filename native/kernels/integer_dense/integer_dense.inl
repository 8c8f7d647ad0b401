#include "kernels/integer/dot.inl"
#include "kernels/integer/pack.inl"
#include "kernels/integer/places.inl"
#include "kernels/integer_dense/integer_dense.h"

namespace plumline {
namespace PLUMLINE_ISA_NAMESPACE {
namespace {

constexpr int kLanes = I32::kLanes;

// Blocks of kFilters x kVectors sums: as many as the registers hold beside the inputs and one weight.
#if defined(__AVX512F__)
constexpr int kFilters = 8, kVectors = 3;
#elif defined(__AVX2__)
constexpr int kFilters = 6, kVectors = 2;  // a product takes a register more
#else
constexpr int kFilters = 4, kVectors = 2;
#endif

// Measured, for the products of one vector.
#if defined(__AVX512VNNI__)
constexpr double kCycles = 1.1;
#elif defined(__AVX512F__)
constexpr double kCycles = 1.3;
#elif defined(__AVX2__)
constexpr double kCycles = 0.7;
#else
constexpr double kCycles = 1.2;
#endif

// Where the taps of a kernel read, one after the other along an axis: phase and place.
struct Walk {
  int64_t stride, dilation;
  int64_t phase = 0, place = 0;
  void next() {
    phase += dilation;
    if (phase >= stride) {
      place += phase / stride;
      phase %= stride;
    }
  }
};

inline I32 broadcast(const PackedWeight* p) {
  int32_t lane;
  __builtin_memcpy(&lane, p, sizeof(lane));
  return I32::set(lane);
}

// Not inlined, and a local array: else compilers store sums at every step, for want of registers later.
template <int filters, int vectors>
[[gnu::noinline]] void multiply(const Window& window, const LanePlanes& planes, const Packed* first,
                                const PackedWeight* weights, I32 (&result)[filters][vectors]) {
  I32 sum[filters][vectors];
#pragma GCC unroll 8
  for (int f = 0; f < filters; ++f)
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) sum[f][v] = I32::set(0);
  Walk down{window.stride_height, window.dilation_height};
  for (int64_t i = 0; i < window.kernel_height; ++i, down.next()) {
    Walk across{window.stride_width, window.dilation_width};
    for (int64_t j = 0; j < window.kernel_width; ++j, across.next()) {
      const int64_t phase = down.phase * window.stride_width + across.phase;
      const Packed* x = first + (phase * planes.blocks * planes.plane() + down.place * planes.pitch + across.place) * kDepth;
      for (int64_t block = 0; block < planes.blocks; ++block, x += planes.plane() * kDepth, weights += filters * kDepth) {
        I32 pixels[vectors];
#pragma GCC unroll 4
        for (int v = 0; v < vectors; ++v) pixels[v] = I32::load(x + v * kLanes * kDepth);
#pragma GCC unroll 8
        for (int f = 0; f < filters; ++f) {
          const I32 weight = broadcast(weights + f * kDepth);
#pragma GCC unroll 4
          for (int v = 0; v < vectors; ++v) sum[f][v] = dot(sum[f][v], pixels[v], weight);
        }
      }
    }
  }
#pragma GCC unroll 8
  for (int f = 0; f < filters; ++f)
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) result[f][v] = sum[f][v];
}

void pack(const Window& window, const LanePlanes& planes, const Codes& codes, const uint8_t* input, int64_t block,
          void* to) {
  pack_planes<kDepth>(window, planes, PackCode(codes), static_cast<Packed>(PackCode::zero(codes)), input, block, to);
}

using TileRuns = Runs<kVectors * kLanes>;

// Blocks of `filters`, then what is left in blocks of half of it, and so on: the order that the weights are packed in.
template <int filters, int vectors>
void run_blocks(const Window& window, const LanePlanes& planes, const PlaceTile& tile, const IntegerFinish& finish,
                const TileRuns& runs, const Packed* source, const PackedWeight* weights, int64_t filter, void* output) {
  const int64_t row = window.taps() * planes.blocks * kDepth;
  for (; tile.end_filter - filter >= filters; filter += filters) {
    I32 sum[filters][vectors];
    multiply<filters, vectors>(window, planes, source + tile.first_place * kDepth, weights + filter * row, sum);
#pragma GCC unroll 8
    for (int f = 0; f < filters; ++f)
      finish_places<vectors>(window, tile, finish, runs, filter + f, sum[f], output);
  }
  if constexpr (filters > 1) {
    if (filter < tile.end_filter)
      run_blocks<filters / 2, vectors>(window, planes, tile, finish, runs, source, weights, filter, output);
  }
}

template <int vectors>
void run_tile(const Window& window, const LanePlanes& planes, const PlaceTile& tile, const IntegerFinish& finish,
              const void* source, const void* weights, void* output) {
  if constexpr (vectors > 1) {
    if (tile.vectors < vectors) return run_tile<vectors - 1>(window, planes, tile, finish, source, weights, output);
  }
  const TileRuns runs(window, planes, tile.first_place, tile.vectors * kLanes);
  run_blocks<kFilters, vectors>(window, planes, tile, finish, runs, static_cast<const Packed*>(source),
                                static_cast<const PackedWeight*>(weights), tile.first_filter, output);
}

}  // namespace

extern const IntegerDenseKernel integer_dense_kernel;
const IntegerDenseKernel integer_dense_kernel = {
    PLUMLINE_ISA_NAME, kLanes, kDepth, kVectors, kFilters, kCycles, PackCode::zero, pack, run_tile<kVectors>};

}  // namespace PLUMLINE_ISA_NAMESPACE
}  // namespace plumline
