#include "kernels/planes/planes.h"

#include <algorithm>

#include "kernels/conv/method.h"
#include "kernels/conv/tiles.h"
#include "kernels/select.h"
#include "kernels/weights/plane_words.h"

namespace plumline {
namespace {

#define PLUMLINE_KERNEL(space, isa) {isa, &space::planes_kernel},
constexpr Implementation<PlanesKernel> kKernels[] = {
#include "kernels/planes/kernels.inc"
};
#undef PLUMLINE_KERNEL

class Planes : public ConvMethod {
 public:
  Planes(const Weights& weights, const Taps& taps, Isa isa)
      : kernel_(select_kernels(kKernels, isa)),
        weights_(weights),
        taps_(taps) {
    for (int64_t group = 0; group < taps.groups; ++group)
      group_planes_ = std::max<int64_t>(group_planes_, first_plane(group + 1) - first_plane(group));
  }

  void prepare(const Window&) override {
    if (!words_.empty()) return;
    const int64_t parts = (weights_.columns + kPlaneRows - 1) / kPlaneRows;
    words_ = plane_words(weights_, taps_.groups, taps_.taps, parts, 1, [&](int64_t channel, int64_t tap) {
      const int64_t place = tap * taps_.channels + channel;
      return WordPlace{place / kPlaneRows, 0, place % kPlaneRows};
    });
  }

  std::string name() const override { return std::string("tables/") + kernel_.isa; }

  double cost(const Window& window) const override {
    const double per_table = kernel_.table_cost + kernel_.entry_cost * static_cast<double>(group_planes_);
    return phases_cost(window) + vectors_of(window) * static_cast<double>(window.columns()) / 4 * per_table;
  }

  size_t scratch_bytes(const Window& window, int threads) const override {
    return phases_bytes(window) + threads * worker_bytes();
  }

  void run(const Window& window, const float* input, const Finish& finish, std::byte* scratch,
           ThreadPool& pool) const override {
    const PlaneWeights weights = {words_.data(), weights_.row_start.data(), weights_.coefficient,
                                  weights_.total_coefficient.empty() ? nullptr : weights_.total_coefficient.data()};
    const Tiling tiling(window, kernel_.lanes, kernel_.vectors, 1, pool.threads());
    run_tiles(window, tiling, input, scratch, worker_bytes(), pool,
              [&](const Tile& tile, const float* source, float* work) {
                kernel_.run(window, tile, finish, source, weights, work);
              });
  }

 private:
  int64_t first_plane(int64_t group) const { return weights_.row_start[group * (weights_.filters / taps_.groups)]; }

  // Tables (16 entries for 4 rows), the total, the sums, and one vector more, as the last sums are read at any lane.
  size_t worker_bytes() const {
    const int64_t rows = 4 * kPlaneRows + 1 + group_planes_;
    return align_up((rows * kernel_.vectors + 1) * kernel_.lanes * sizeof(float));
  }

  const PlanesKernel& kernel_;
  const Weights weights_;
  const Taps taps_;
  std::vector<uint64_t> words_;
  int64_t group_planes_ = 0;  // most planes of a group
};

}  // namespace

bool tables_pay(const Weights& weights, const Taps& taps, Isa isa) {
  const PlanesKernel& kernel = select_kernels(kKernels, isa);
  const double planes = static_cast<double>(weights.planes() / taps.groups);
  const double filters = static_cast<double>(weights.filters / taps.groups);
  return kernel.table_cost + kernel.entry_cost * planes < 4 * filters;
}

std::unique_ptr<ConvMethod> make_planes(const Weights& weights, const Taps& taps, Isa isa) {
  return std::make_unique<Planes>(weights, taps, isa);
}

}  // namespace plumline
