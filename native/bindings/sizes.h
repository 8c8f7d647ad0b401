#pragma once

#include <nanobind/nanobind.h>

namespace plumline {

// How kernels cut layers: what an analysis has to know to count what they execute.
void bind_sizes(nanobind::module_& m);

}  // namespace plumline
