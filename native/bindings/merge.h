#pragma once

#include <nanobind/nanobind.h>

namespace plumline {

// Adds to the module what merge programs and generated code are tested through.
void bind_merge(nanobind::module_& module);

}  // namespace plumline
