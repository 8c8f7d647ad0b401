#include "core/emulated_tiles.h"

#include <cfloat>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <initializer_list>

namespace plumline {
namespace {

void require(bool allowed) {
  if (!allowed) std::abort();  // where the processor raises an exception
}

// Denormal numbers count as zero, before and after every operation, whatever the thread's own settings are.
float flushed(float x) { return std::fabs(x) < FLT_MIN ? std::copysign(0.0f, x) : x; }

float to_float(uint32_t bits) {
  float x;
  std::memcpy(&x, &bits, sizeof(x));
  return flushed(x);
}

// One rounding, to nearest.
float fused(float a, float b, float c) { return flushed(std::fma(a, b, c)); }

}  // namespace

EmulatedTiles::EmulatedTiles(const TileConfig& config) : config_(config) {
  TileConfig plain{};  // what a configuration without reserved numbers looks like
  plain.palette = 1;
  for (int t = 0; t < 8; ++t) {
    require(config.row_bytes[t] <= kTileBytes && config.rows[t] <= kTileRows);
    require((config.row_bytes[t] == 0) == (config.rows[t] == 0));
    plain.row_bytes[t] = config.row_bytes[t];
    plain.rows[t] = config.rows[t];
  }
  require(std::memcmp(&plain, &config, sizeof(plain)) == 0);
  std::memset(tiles_, 0, sizeof(tiles_));
}

void EmulatedTiles::zero(int t) {
  require(config_.rows[t] > 0);
  std::memset(tiles_[t], 0, sizeof(tiles_[t]));
}

void EmulatedTiles::load(int t, const void* from, int64_t stride) {
  zero(t);
  for (int row = 0; row < config_.rows[t]; ++row)
    std::memcpy(tiles_[t][row], static_cast<const char*>(from) + row * stride, config_.row_bytes[t]);
}

void EmulatedTiles::store(int t, void* to, int64_t stride) const {
  require(config_.rows[t] > 0);
  for (int row = 0; row < config_.rows[t]; ++row)
    std::memcpy(static_cast<char*>(to) + row * stride, tiles_[t][row], config_.row_bytes[t]);
}

void EmulatedTiles::check_product(int c, int a, int b) const {
  require(c != a && c != b && a != b);
  require(config_.rows[c] > 0 && config_.rows[a] > 0 && config_.rows[b] > 0);
  for (const int t : {a, b, c}) require(config_.row_bytes[t] % 4 == 0);
  require(config_.rows[a] == config_.rows[c]);
  require(config_.row_bytes[a] / 4 == config_.rows[b]);
  require(config_.row_bytes[b] == config_.row_bytes[c]);
}

// The even and the odd members of the pairs are added up apart, from zero on, and then to what was there.
void EmulatedTiles::multiply_bf16(int c, int a, int b) {
  check_product(c, a, b);
  for (int m = 0; m < config_.rows[c]; ++m) {
    for (int n = 0; n < config_.row_bytes[c] / 4; ++n) {
      float even = 0, odd = 0;
      for (int k = 0; k < config_.row_bytes[a] / 4; ++k) {
        uint32_t x, y;
        std::memcpy(&x, tiles_[a][m] + 4 * k, 4);
        std::memcpy(&y, tiles_[b][k] + 4 * n, 4);
        even = fused(to_float(x << 16), to_float(y << 16), even);
        odd = fused(to_float(x & 0xFFFF0000u), to_float(y & 0xFFFF0000u), odd);
      }
      uint32_t old;
      std::memcpy(&old, tiles_[c][m] + 4 * n, 4);
      const float sum = flushed(to_float(old) + flushed(even + odd));
      std::memcpy(tiles_[c][m] + 4 * n, &sum, 4);
    }
  }
}

template <class B>
void EmulatedTiles::multiply_bytes(int c, int a, int b) {
  check_product(c, a, b);
  for (int m = 0; m < config_.rows[c]; ++m) {
    for (int n = 0; n < config_.row_bytes[c] / 4; ++n) {
      uint32_t sum;  // the sums wrap around
      std::memcpy(&sum, tiles_[c][m] + 4 * n, 4);
      for (int k = 0; k < config_.row_bytes[a]; ++k) {
        const int x = static_cast<int8_t>(tiles_[a][m][k]);
        const int y = static_cast<B>(tiles_[b][k / 4][4 * n + k % 4]);
        sum += static_cast<uint32_t>(x * y);
      }
      std::memcpy(tiles_[c][m] + 4 * n, &sum, 4);
    }
  }
}

void EmulatedTiles::multiply_s8_u8(int c, int a, int b) { multiply_bytes<uint8_t>(c, a, b); }
void EmulatedTiles::multiply_s8_s8(int c, int a, int b) { multiply_bytes<int8_t>(c, a, b); }

}  // namespace plumline
