// The cheaper of several methods, by their own estimates, for each set of shapes.

#include "kernels/conv/method.h"

namespace plumline {
namespace {

class Cheapest : public ConvMethod {
 public:
  explicit Cheapest(std::vector<std::unique_ptr<ConvMethod>> methods) : methods_(std::move(methods)) {}

  std::string name() const override {
    std::string names;
    for (const auto& method : methods_) names += (names.empty() ? "" : " or ") + method->name();
    return names;
  }
  std::string name_for(const Window& window) const override { return best(window).name(); }
  double cost(const Window& window) const override { return best(window).cost(window); }
  bool takes_sub_images(const Window& window) const override { return best(window).takes_sub_images(window); }
  bool makes_sub_images(const Window& window) const override { return best(window).makes_sub_images(window); }
  size_t scratch_bytes(const Window& window, int threads) const override {
    return best(window).scratch_bytes(window, threads);
  }
  void run(const Window& window, const float* input, const Finish& finish, std::byte* scratch,
           ThreadPool& pool) const override {
    best(window).run(window, input, finish, scratch, pool);
  }

 private:
  const ConvMethod& best(const Window& window) const {
    const ConvMethod* best = nullptr;
    double lowest = 0;
    for (const auto& method : methods_) {
      const double cost = method->cost(window);
      if (best && cost >= lowest) continue;
      best = method.get();
      lowest = cost;
    }
    return *best;
  }

  std::vector<std::unique_ptr<ConvMethod>> methods_;
};

}  // namespace

std::unique_ptr<ConvMethod> make_cheapest(std::vector<std::unique_ptr<ConvMethod>> methods) {
  return std::make_unique<Cheapest>(std::move(methods));
}

}  // namespace plumline
