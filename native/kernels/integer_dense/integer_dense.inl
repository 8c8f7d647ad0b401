#include "kernels/integer/finish.inl"
#include "kernels/integer_dense/pack.inl"

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
constexpr double kCycles = 1.5;
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

// Neighbouring pixels of one output row within a tile.
struct Run {
  int64_t lane, count;
  int64_t pixel;
};

struct Runs {
  Run runs[kVectors * kLanes];
  int count = 0;

  Runs(const Window& window, const LanePlanes& planes, const PlaceTile& tile) {
    const int64_t lanes = tile.vectors * kLanes;
    int64_t row = tile.first_place / planes.pitch, column = tile.first_place % planes.pitch;
    for (int64_t lane = 0; lane < lanes && row < window.out_height; ++row, column = 0) {
      const int64_t left = window.out_width - column;
      if (left > 0) {
        runs[count++] = {lane, left < lanes - lane ? left : lanes - lane, row * window.out_width + column};
      }
      lane += planes.pitch - column;
    }
  }
};

template <int filters, int vectors>
void finish_block(const Window& window, const PlaceTile& tile, const IntegerFinish& finish, const Runs& runs,
                  int64_t filter, const I32 (&sum)[filters][vectors], void* output) {
  const Rounding round(finish.output);
  const int64_t channel = (tile.image * window.groups + tile.group) * window.filters + filter;
#pragma GCC unroll 8
  for (int f = 0; f < filters; ++f) {
    const I32 bias = I32::set(finish.bias[filter + f]);
    const F32 multiplier = F32::set(finish.multiplier[filter + f]), offset = F32::set(finish.offset[filter + f]);
    const int64_t first = (channel + f) * window.pixels();
    if (finish.to_float) {
      float numbers[vectors * kLanes + kSlack / 4];
      for (int v = 0; v < vectors; ++v) real_of(sum[f][v], bias, multiplier, offset).store(numbers + v * kLanes);
      for (int i = 0; i < runs.count; ++i) {
        const Run& run = runs.runs[i];
        copy_bytes(reinterpret_cast<const uint8_t*>(numbers + run.lane),
                   reinterpret_cast<uint8_t*>(static_cast<float*>(output) + first + run.pixel), run.count * 4);
      }
    } else {
      uint8_t codes[vectors * kLanes + kSlack];
      for (int v = 0; v < vectors; ++v)
        round(real_of(sum[f][v], bias, multiplier, offset)).store_low_bytes(codes + v * kLanes);
      for (int i = 0; i < runs.count; ++i) {
        const Run& run = runs.runs[i];
        copy_bytes(codes + run.lane, static_cast<uint8_t*>(output) + first + run.pixel, run.count);
      }
    }
  }
}

// Blocks of `filters`, then what is left in blocks of half of it, and so on: the order that the weights are packed in.
template <int filters, int vectors>
void run_blocks(const Window& window, const LanePlanes& planes, const PlaceTile& tile, const IntegerFinish& finish,
                const Runs& runs, const Packed* source, const PackedWeight* weights, int64_t filter, void* output) {
  const int64_t row = window.taps() * planes.blocks * kDepth;
  for (; tile.end_filter - filter >= filters; filter += filters) {
    I32 sum[filters][vectors];
    multiply<filters, vectors>(window, planes, source + tile.first_place * kDepth, weights + filter * row, sum);
    finish_block<filters, vectors>(window, tile, finish, runs, filter, sum, output);
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
  const Runs runs(window, planes, tile);
  run_blocks<kFilters, vectors>(window, planes, tile, finish, runs, static_cast<const Packed*>(source),
                                static_cast<const PackedWeight*>(weights), tile.first_filter, output);
}

}  // namespace

extern const IntegerDenseKernel integer_dense_kernel;
const IntegerDenseKernel integer_dense_kernel = {
    PLUMLINE_ISA_NAME, kLanes, kDepth, kVectors, kFilters, kCycles, PackCode::zero, pack_planes, run_tile<kVectors>};

}  // namespace PLUMLINE_ISA_NAMESPACE
}  // namespace plumline
