#include "core/attributes.h"

#include "core/error.h"

namespace plumline {

namespace {

[[noreturn]] void refuse(const std::string& key, const char* wanted) {
  throw Error("attribute '" + key + "' must be " + wanted);
}

template <class T>
const Attribute* find(const std::map<std::string, Attribute>& values, const std::string& key,
                      const std::optional<T>& fallback) {
  const auto entry = values.find(key);
  if (entry != values.end()) return &entry->second;
  if (!fallback) throw Error("attribute '" + key + "' is missing");
  return nullptr;
}

template <class T>
T get(const std::map<std::string, Attribute>& values, const std::string& key, const std::optional<T>& fallback,
      const char* wanted) {
  const Attribute* attribute = find(values, key, fallback);
  if (!attribute) return *fallback;
  if (const T* value = std::get_if<T>(attribute)) return *value;
  refuse(key, wanted);
}

}  // namespace

int64_t Attributes::integer(const std::string& key, std::optional<int64_t> fallback) const {
  return get(values_, key, fallback, "an integer");
}

double Attributes::real(const std::string& key, std::optional<double> fallback) const {
  const Attribute* attribute = find(values_, key, fallback);
  if (attribute)
    if (const int64_t* value = std::get_if<int64_t>(attribute)) return static_cast<double>(*value);
  return get(values_, key, fallback, "a number");
}

std::string Attributes::text(const std::string& key, std::optional<std::string> fallback) const {
  return get(values_, key, fallback, "a text");
}

std::vector<int64_t> Attributes::integers(const std::string& key, std::optional<std::vector<int64_t>> fallback) const {
  return get(values_, key, fallback, "a list of integers");
}

// An empty list, or a list of whole numbers, may have arrived as integers.
std::vector<double> Attributes::reals(const std::string& key, std::optional<std::vector<double>> fallback) const {
  const Attribute* attribute = find(values_, key, fallback);
  if (attribute)
    if (const auto* values = std::get_if<std::vector<int64_t>>(attribute))
      return std::vector<double>(values->begin(), values->end());
  return get(values_, key, fallback, "a list of numbers");
}

}  // namespace plumline
