#pragma once

#include <nanobind/nanobind.h>

namespace plumline {

// Adds MergeProgram, merge_budget and assemble to the module: what generated code is tested through.
void bind_merge(nanobind::module_& module);

}  // namespace plumline
