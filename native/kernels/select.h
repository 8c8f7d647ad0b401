#pragma once

#include <stdexcept>

#include "core/cpu.h"

namespace plumline {

// One implementation of a kernel kind's contract, as its kernels.inc lists it.
template <class Kernels>
struct Implementation {
  Isa isa;
  const Kernels* kernels;
};

// The first of a list, ordered best first, that `cap` includes.
template <class Kernels, size_t n>
const Kernels& select_kernels(const Implementation<Kernels> (&list)[n], Isa cap) {
  for (const Implementation<Kernels>& implementation : list)
    if (implementation.isa <= cap) return *implementation.kernels;
  throw std::logic_error("a kernel kind has no reference");
}

}  // namespace plumline
