#include "kernels/conv/choice.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "kernels/integer/method.h"

namespace plumline {
namespace {

// All that a file may name, whether a node has it or not.
constexpr const char* kNames[] = {"dense",          "depthwise",     "direct",         "integer_dense", "integer_linear",
                                  "integer_merge",  "integer_tables", "integer_tiles", "limbs",         "merge",
                                  "reference",      "shared_tables",  "sparse",        "tables",        "winograd"};
constexpr size_t kMostText = 1 << 16;

std::string short_name(const std::string& name) { return name.substr(0, name.find('/')); }

std::vector<std::string> split(const std::string& text, const std::string& separator) {
  std::vector<std::string> parts;
  size_t begin = 0;
  for (size_t end; (end = text.find(separator, begin)) != std::string::npos; begin = end + separator.size())
    parts.push_back(text.substr(begin, end - begin));
  parts.push_back(text.substr(begin));
  return parts;
}

[[noreturn]] void refuse(const std::string& hint, const std::string& why) {
  throw Error("tuned has '" + hint.substr(0, 80) + "': " + why);
}

Shape parse_shape(const std::string& hint, const std::string& text) {
  Shape shape;
  for (const std::string& size : split(text, "x")) {
    // Ten digits are more than kMaxElements.
    if (size.empty() || size.size() > 10 || size.find_first_not_of("0123456789") != std::string::npos)
      refuse(hint, "'" + text.substr(0, 40) + "' is not a shape");
    shape.push_back(std::stoll(size));
  }
  return shape;
}

}  // namespace

template <class Kind>
MethodChoice<Kind>::MethodChoice(std::vector<std::unique_ptr<Kind>> methods, Isa isa, const std::string& tuned)
    : methods_(std::move(methods)) {
  if (tuned.empty()) return;
  if (tuned.size() > kMostText) throw Error("tuned has more than " + std::to_string(kMostText) + " characters");
  for (const std::string& hint : split(tuned, ", ")) {
    const std::vector<std::string> parts = split(hint, " ");
    if (parts.size() != 3) refuse(hint, "must be an instruction set, a shape and a method");
    const Isa measured = isa_from_name(parts[0]);
    const Shape input = parse_shape(hint, parts[1]);
    if (std::find(std::begin(kNames), std::end(kNames), parts[2]) == std::end(kNames))
      refuse(hint, "there is no method of this name");
    if (measured != isa) continue;
    for (const auto& method : methods_)
      if (short_name(method->name()) == parts[2]) hints_.push_back({input, method.get()});
  }
}

// The method of the first hint for this shape; null where it cannot be used, as where no code may be generated.
template <class Kind>
Kind* MethodChoice<Kind>::tuned(const Shape& input, const Window& window) const {
  for (const Hint& hint : hints_)
    if (hint.input == input) return std::isfinite(hint.method->cost(window)) ? hint.method : nullptr;
  return nullptr;
}

template <class Kind>
Kind* MethodChoice<Kind>::choose(const Shape& input, const Window& window) const {
  if (Kind* best = tuned(input, window)) return best;
  const auto cheaper = [&](const auto& a, const auto& b) { return a->cost(window) < b->cost(window); };
  return std::min_element(methods_.begin(), methods_.end(), cheaper)->get();
}

template <class Kind>
const Kind& MethodChoice<Kind>::at(const Shape& input, const Window& window) const {
  if (last_ && input == last_input_) return *last_;
  Kind* best = choose(input, window);
  best->prepare(window);
  if (!std::isfinite(best->cost(window))) {
    best = choose(input, window);
    best->prepare(window);
  }
  last_input_ = input;
  last_ = best;
  return *best;
}

template <class Kind>
std::string MethodChoice<Kind>::names() const {
  std::string names;
  for (const auto& method : methods_) names += (names.empty() ? "" : " or ") + method->name();
  return names;
}

template <class Kind>
std::vector<Candidate> MethodChoice<Kind>::candidates(const Window& window) const {
  std::vector<Candidate> able;
  for (const auto& method : methods_) {
    const double cost = method->cost(window);
    if (std::isfinite(cost)) able.push_back({short_name(method->name()), cost});
  }
  std::stable_sort(able.begin(), able.end(), [](const Candidate& a, const Candidate& b) { return a.cost < b.cost; });
  return able;
}

template <class Kind>
std::string MethodChoice<Kind>::reason(const Shape& input, const Window& window) const {
  if (methods_.size() > 1 && tuned(input, window)) return "tuned";
  const std::vector<Candidate> able = candidates(window);
  if (able.size() < 2) return "the only method";
  char share[32];
  std::snprintf(share, sizeof share, "%.2f", able[1].cost > 0 ? able[0].cost / able[1].cost : 0.0);
  return std::string("estimated ") + share + "x the cost of " + able[1].method;
}

template class MethodChoice<ConvMethod>;
template class MethodChoice<IntegerMethod>;

}  // namespace plumline
