#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace plumline {

using Attribute = std::variant<int64_t, double, std::string, std::vector<int64_t>, std::vector<double>>;

// The typed attributes of one node. A getter throws Error, naming the attribute, when it is missing (and no default
// is given) or of another type: a hostile file is stopped here.
class Attributes {
 public:
  Attributes() = default;
  explicit Attributes(std::map<std::string, Attribute> values) : values_(std::move(values)) {}

  int64_t integer(const std::string& key, std::optional<int64_t> fallback = std::nullopt) const;
  double real(const std::string& key, std::optional<double> fallback = std::nullopt) const;  // accepts an integer too
  std::string text(const std::string& key, std::optional<std::string> fallback = std::nullopt) const;
  std::vector<int64_t> integers(const std::string& key,
                                std::optional<std::vector<int64_t>> fallback = std::nullopt) const;
  std::vector<double> reals(const std::string& key, std::optional<std::vector<double>> fallback = std::nullopt) const;

 private:
  std::map<std::string, Attribute> values_;
};

}  // namespace plumline
