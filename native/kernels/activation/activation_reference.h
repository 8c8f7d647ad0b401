#pragma once

#include "kernels/activation/activation.h"

namespace plumline {

// What every fast activation is tested against: the formula itself, on one number.
float activate_reference(const Activation& activation, float x, float slope);

}  // namespace plumline
