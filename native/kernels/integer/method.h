#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "core/cpu.h"
#include "core/thread_pool.h"
#include "kernels/conv/window.h"
#include "kernels/integer/layer.h"

namespace plumline {

// A way to compute a convolution on codes, as ConvMethod (kernels/conv/method.h) is one on numbers. It keeps no pointer
// into the layer. `output` has the type of layer.output, or is float32.
class IntegerMethod {
 public:
  virtual ~IntegerMethod() = default;
  virtual std::string name() const = 0;
  virtual size_t scratch_bytes(const Window& window, int threads) const = 0;
  virtual void run(const Window& window, const uint8_t* input, void* output, std::byte* scratch,
                   ThreadPool& pool) const = 0;
};

std::unique_ptr<IntegerMethod> make_integer_reference(const IntegerLayer& layer);
std::unique_ptr<IntegerMethod> make_integer_dense(const IntegerLayer& layer, int64_t groups, int64_t channels, Isa isa);
std::unique_ptr<IntegerMethod> make_integer_linear(const IntegerLayer& layer, Isa isa);  // windows of one pixel

}  // namespace plumline
