#pragma once

#include "core/thread_pool.h"
#include "kernels/transpose/transpose.h"
#include "operators/strides.h"

namespace plumline {

// Copies a tensor between two layouts, as copy_strided does, where `to` is dense. For float and uint8_t.
template <class T>
void copy_transposed(ThreadPool& pool, const TransposeKernels& kernels, const Shape& shape, const T* from,
                     const Strides& from_strides, T* to);

}  // namespace plumline
