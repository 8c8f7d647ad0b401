#pragma once

#include <nanobind/nanobind.h>

namespace plumline {

// Adds to the module the graphs of SumMerge-style execution, for analysis and tests.
void bind_summerge(nanobind::module_& module);

}  // namespace plumline
