#pragma once

#include <vector>

#include "kernels/merge/program.h"

namespace plumline {

// Makes a program of lists of terms (first those of the temporaries), without the temporaries that are used so rarely
// that computing them again costs less than to store and load them. `sizes` says all but the lists.
MergeProgram inline_temporaries(MergeProgram sizes, const std::vector<std::vector<uint16_t>>& lists);

}  // namespace plumline
