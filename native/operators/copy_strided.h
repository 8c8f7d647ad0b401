#pragma once

#include "core/thread_pool.h"
#include "operators/strides.h"

namespace plumline {

// Copies a tensor of `shape` between two layouts; strides may be negative or wider than the shape. For float and uint8_t.
template <class T>
void copy_strided(ThreadPool& pool, const Shape& shape, const T* from, const Strides& from_strides, T* to,
                  const Strides& to_strides);

}  // namespace plumline
