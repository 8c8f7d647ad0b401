// The cheaper of several methods, by their own estimates, for each set of shapes.

#include "kernels/integer/method.h"

namespace plumline {
namespace {

class Cheapest : public IntegerMethod {
 public:
  explicit Cheapest(std::vector<std::unique_ptr<IntegerMethod>> methods) : methods_(std::move(methods)) {}

  std::string name() const override {
    std::string names;
    for (const auto& method : methods_) names += (names.empty() ? "" : " or ") + method->name();
    return names;
  }
  std::string name_for(const Window& window) const override { return best(window).name(); }
  double cost(const Window& window) const override { return best(window).cost(window); }
  size_t scratch_bytes(const Window& window, int threads) const override {
    return best(window).scratch_bytes(window, threads);
  }
  void run(const Window& window, const uint8_t* input, void* output, std::byte* scratch,
           ThreadPool& pool) const override {
    best(window).run(window, input, output, scratch, pool);
  }

 private:
  const IntegerMethod& best(const Window& window) const {
    const IntegerMethod* best = nullptr;
    double lowest = 0;
    for (const auto& method : methods_) {
      const double cost = method->cost(window);
      if (best && cost >= lowest) continue;
      best = method.get();
      lowest = cost;
    }
    return *best;
  }

  std::vector<std::unique_ptr<IntegerMethod>> methods_;
};

}  // namespace

std::unique_ptr<IntegerMethod> make_cheapest(std::vector<std::unique_ptr<IntegerMethod>> methods) {
  return std::make_unique<Cheapest>(std::move(methods));
}

}  // namespace plumline
