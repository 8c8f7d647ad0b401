#pragma once

#include "core/operator.h"

namespace plumline {

// Throws Error unless the node has so many inputs and outputs.
void expect_arity(const NodeSpec& spec, size_t inputs, size_t outputs);

}  // namespace plumline
