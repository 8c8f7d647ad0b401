#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "core/cpu.h"
#include "core/thread_pool.h"
#include "kernels/conv/method.h"
#include "kernels/conv/window.h"
#include "kernels/integer/layer.h"
#include "kernels/weights/weights.h"

namespace plumline {

// A way to compute a convolution on codes, as ConvMethod (kernels/conv/method.h) is one on numbers. It keeps no pointer
// into the layer. `output` has the type of layer.output, or is float32.
class IntegerMethod {
 public:
  virtual ~IntegerMethod() = default;
  virtual std::string name() const = 0;
  virtual double cost(const Window&) const { return 0; }  // about the processor cycles of one thread
  virtual std::string name_for(const Window&) const { return name(); }
  virtual size_t scratch_bytes(const Window& window, int threads) const = 0;
  virtual void run(const Window& window, const uint8_t* input, void* output, std::byte* scratch,
                   ThreadPool& pool) const = 0;
};

std::unique_ptr<IntegerMethod> make_integer_reference(const IntegerLayer& layer);
std::unique_ptr<IntegerMethod> make_integer_dense(const IntegerLayer& layer, int64_t groups, int64_t channels, Isa isa);
std::unique_ptr<IntegerMethod> make_integer_tables(const IntegerLayer& layer, const Weights& planes, const Taps& taps,
                                                   Isa isa);
// Null where no code can be made.
std::unique_ptr<IntegerMethod> make_integer_merge(const IntegerLayer& layer, const Weights& planes, const Taps& taps,
                                                  Isa isa);
std::unique_ptr<IntegerMethod> make_cheapest(std::vector<std::unique_ptr<IntegerMethod>> methods);  // at each window
std::unique_ptr<IntegerMethod> make_integer_linear(const IntegerLayer& layer, Isa isa);  // windows of one pixel

}  // namespace plumline
