#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "core/cpu.h"
#include "core/thread_pool.h"
#include "kernels/conv/method.h"
#include "kernels/conv/window.h"
#include "kernels/integer/layer.h"
#include "kernels/weights/weights.h"

namespace plumline {

// A way to compute a convolution on codes, as ConvMethod (kernels/conv/method.h) is one on numbers. It keeps no pointer
// into the layer. `output` has the type of layer.output, or is float32.
class IntegerMethod : public Method {
 public:
  // Whether the input, or the output, may be held as sub-images (core/sub_images.h).
  virtual bool takes_sub_images(const Window&) const { return false; }
  virtual bool makes_sub_images(const Window&) const { return false; }
  virtual void run(const Window& window, const uint8_t* input, void* output, std::byte* scratch,
                   ThreadPool& pool) const = 0;
};

using IntegerMethods = std::vector<std::unique_ptr<IntegerMethod>>;

std::unique_ptr<IntegerMethod> make_integer_reference(const IntegerLayer& layer);
std::unique_ptr<IntegerMethod> make_integer_dense(const IntegerLayer& layer, int64_t groups, int64_t channels, Isa isa);
// On tile registers; null where there are none, or channels too few to fill them.
std::unique_ptr<IntegerMethod> make_integer_tiles(const IntegerLayer& layer, int64_t groups, int64_t channels, Isa isa);
std::unique_ptr<IntegerMethod> make_integer_tables(const IntegerLayer& layer, const Weights& planes, const Taps& taps,
                                                   Isa isa);
// Null where no code can be made.
std::unique_ptr<IntegerMethod> make_integer_merge(const IntegerLayer& layer, const Weights& planes, const Taps& taps,
                                                  Isa isa);
std::unique_ptr<IntegerMethod> make_integer_linear(const IntegerLayer& layer, Isa isa);  // windows of one pixel

}  // namespace plumline
