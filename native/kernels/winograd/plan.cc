#include "kernels/winograd/plan.h"

#include <algorithm>
#include <limits>

namespace plumline {
namespace {

constexpr int64_t kBandFloats = 3 << 16;     // of a band's transformed input
constexpr double kMaxFloats = 1 << 24;       // beyond, it leaves every cache; it also bounds a hostile file's wish
constexpr double kTransformCost = 19;        // of a vector of squares or filters, at each of the square's 16 outputs
constexpr double kFinishCost = 8;            // of a vector of 16 outputs
constexpr double kStreamCost = 0.35;         // to read a transformed weight that is not in the second cache
constexpr double kTurnCost = 150;            // to transform a vector of kernels
constexpr double kCachedWeights = 1 << 17;   // as many as stay in the second cache

int64_t divide_up(int64_t a, int64_t b) { return (a + b - 1) / b; }

}  // namespace

WinogradPlan::WinogradPlan(const Window& shapes, int vector_lanes) 
    : window(shapes), lanes(vector_lanes), keeps(keeps_weights(shapes.channels, shapes.filters)) {
  const int64_t row_floats = kPlaces * window.channels * across();
  band_rows = std::clamp<int64_t>(kBandFloats / row_floats, 1, rows());
  // Enough squares that reading the weights pays.
  band_rows = std::clamp<int64_t>(divide_up(2 * kGroup, across()), band_rows, rows());
  band_rows = divide_up(rows(), divide_up(rows(), band_rows));
  // The last store of a row runs over by less than a vector.
  const int64_t stored = divide_up(across(), row_lanes()) * row_lanes() - across();
  pitch = divide_up(band_rows * across() + stored, 8) * 8;
}

bool WinogradPlan::feasible() const {
  const Window& w = window;
  if (w.kernel_height != 3 || w.kernel_width != 3 || w.stride_height != 1 || w.stride_width != 1) return false;
  if (w.dilation_height != 1 || w.dilation_width != 1) return false;
  return static_cast<double>(kPlaces * w.channels) * static_cast<double>(pitch) < kMaxFloats;
}

double WinogradPlan::cost() const {
  if (!feasible()) return std::numeric_limits<double>::infinity();
  const Window& w = window;
  const double channels = static_cast<double>(w.channels);
  const double vectors = static_cast<double>(divide_up(w.filters, lanes) * lanes) / 16;
  const double squares = static_cast<double>(rows() * across());
  const double steps = static_cast<double>(rows() * divide_up(across(), row_lanes()) * row_lanes()) / 16;
  const double kernels = channels * vectors;
  const double weights = static_cast<double>(kPlaces) * kernels * 16;
  const double bands = static_cast<double>(divide_up(rows(), band_rows));
  const double passes = bands * static_cast<double>(divide_up(band_rows * across(), kGroup));
  // A row of a few squares leaves the multiplications waiting for the weights.
  const double few = std::max(1.0, 6.0 / static_cast<double>(band_rows * across()));
  const double reading = keeps ? (weights > kCachedWeights ? kStreamCost * weights * bands : 0.0)
                               : kTurnCost * kernels * passes;
  return static_cast<double>(w.groups) *
         (weights / 16 * squares * few + (channels * steps + vectors * squares) * 16 * kTransformCost + reading +
          static_cast<double>(w.batch * w.pixels()) * vectors * kFinishCost);
}

}  // namespace plumline
