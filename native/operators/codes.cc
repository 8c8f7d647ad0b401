#include "operators/codes.h"

#include <cmath>

namespace plumline {

Codes parse_codes(const NodeSpec& spec, const std::string& key, const std::string& prefix) {
  const std::string type = spec.attributes.text(key);
  if (type != "uint8" && type != "int8") throw Error(key + " '" + type + "' is not uint8 or int8");
  const bool is_signed = type == "int8";
  const int64_t least = is_signed ? -128 : 0, most = is_signed ? 127 : 255;
  const int64_t zero_point = spec.attributes.integer(prefix + "zero_point");
  const int64_t low = spec.attributes.integer(prefix + "low", least);
  const int64_t high = spec.attributes.integer(prefix + "high", most);
  if (low < least || high > most || low > high || zero_point < least || zero_point > most)
    throw Error(prefix + "low " + std::to_string(low) + ", " + prefix + "zero_point " + std::to_string(zero_point) +
                " and " + prefix + "high " + std::to_string(high) + " do not fit " + type);
  return {is_signed, static_cast<int32_t>(zero_point), static_cast<int32_t>(low), static_cast<int32_t>(high)};
}

void expect_type(const std::vector<DType>& inputs, size_t input, const Codes& codes) {
  if (inputs[input] != type_of(codes))
    throw Error("input " + std::to_string(input) + " must be " + name_of(type_of(codes)) + ", not " +
                name_of(inputs[input]));
}

float checked_scale(double scale, const std::string& key) {
  const float value = static_cast<float>(scale);
  if (!(value > 0) || !std::isfinite(value))
    throw Error(key + " is " + std::to_string(scale) + ", must be a positive float32");
  return value;
}

}  // namespace plumline
