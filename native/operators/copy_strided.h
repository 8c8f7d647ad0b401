#pragma once

#include "core/thread_pool.h"
#include "operators/strides.h"

namespace plumline {

// Copies a tensor of `shape` between two layouts; strides may be negative or wider than the shape.
void copy_strided(ThreadPool& pool, const Shape& shape, const float* from, const Strides& from_strides, float* to,
                  const Strides& to_strides);

}  // namespace plumline
