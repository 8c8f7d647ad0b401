#pragma once

#include <cstdint>

namespace plumline {

constexpr int64_t kLaneImages = 32;  // the int16 lanes of 64 bytes: one pixel of each sub-image
constexpr int64_t kPositionBytes = 64;

// How codes become numbers that are added up.
struct CentredCodes {
  int32_t middle;  // is taken off
  bool is_signed;  // the codes
};

}  // namespace plumline
