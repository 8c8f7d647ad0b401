#pragma once

#include "core/operator.h"
#include "kernels/quantize/codes.h"

namespace plumline {

// "uint8" or "int8" of the text attribute `key`, with the integer attributes `<prefix>zero_point`, and `<prefix>low` and
// `<prefix>high`, the range of the type where they are absent. Throws Error unless they lie within the type, and low <= high.
Codes parse_codes(const NodeSpec& spec, const std::string& key, const std::string& prefix);

inline DType type_of(const Codes& codes) { return codes.is_signed ? DType::kInt8 : DType::kUInt8; }

// Throws Error unless input number `input` has the type of its codes.
void expect_type(const std::vector<DType>& inputs, size_t input, const Codes& codes);

// Throws Error unless the number is positive and finite.
float checked_scale(double scale, const std::string& key);

}  // namespace plumline
