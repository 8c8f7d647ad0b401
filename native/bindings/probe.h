#pragma once

#include <nanobind/nanobind.h>

namespace plumline {

// Adds to the module the loops that measure what this machine can do at most.
void bind_probe(nanobind::module_& module);

}  // namespace plumline
