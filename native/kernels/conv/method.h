#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "core/cpu.h"
#include "core/thread_pool.h"
#include "kernels/conv/window.h"
#include "kernels/summerge/graph.h"
#include "kernels/weights/weights.h"

namespace plumline {

// A way to compute a layer: the weights in the order that its kernel wants, and the kernel.
class Method {
 public:
  virtual ~Method() = default;
  virtual std::string name() const = 0;  // "tables/avx512"
  // What MethodChoice compares: about the processor cycles of one thread, where the dense kernel needs one for a filter,
  // a column and 16 pixels. Infinite where the method cannot be used.
  virtual double cost(const Window&) const { return 0; }
  // Makes what only running such windows needs; called, perhaps again, when the method is chosen, before all that
  // follows. Where that cannot be made, cost() is infinite from then on.
  virtual void prepare(const Window&) {}
  virtual size_t scratch_bytes(const Window& window, int threads) const = 0;
};

class ConvMethod : public Method {
 public:
  // Whether the input, or the output and the residual, may be held as sub-images (core/sub_images.h).
  virtual bool takes_sub_images(const Window&) const { return false; }
  virtual bool makes_sub_images(const Window&) const { return false; }
  virtual void run(const Window& window, const float* input, const Finish& finish, std::byte* scratch,
                   ThreadPool& pool) const = 0;
};

using ConvMethods = std::vector<std::unique_ptr<ConvMethod>>;

// How the columns of a matrix are made up: weights.columns = channels of a group * taps.
struct Taps {
  int64_t groups, channels, taps;
  int64_t kernel_width;  // divides taps
};

std::unique_ptr<ConvMethod> make_reference(const Weights& weights);
void add_dense(const Weights& weights, const Taps& taps, Isa isa, ConvMethods& methods);  // all that visit every weight
// Of sparse weights, and of planes without totals, two of a filter at most; else null.
std::unique_ptr<ConvMethod> make_sparse(const Weights& weights, const Taps& taps, Isa isa);
std::unique_ptr<ConvMethod> make_planes(const Weights& weights, const Taps& taps, Isa isa);  // of planes
std::unique_ptr<ConvMethod> make_shared_tables(const Weights& weights, const Taps& taps, Isa isa);  // of planes
std::unique_ptr<ConvMethod> make_merge(const Weights& weights, const Taps& taps, Isa isa);  // of planes; or null
// Of weights of few values in each filter; throws Error for others.
std::unique_ptr<ConvMethod> make_summerge(const Weights& weights, const Taps& taps, const SumMergeOptions& options,
                                          Isa isa);
// Of dense weights and planes, on tile registers; null where there are none, or a weight is too large for bf16.
std::unique_ptr<ConvMethod> make_limbs(const Weights& weights, const Taps& taps, Isa isa);
bool tables_pay(const Weights& weights, const Taps& taps, Isa isa);  // whether make_planes beats the dense ones
std::unique_ptr<ConvMethod> make_depthwise(const Weights& weights, Isa isa);  // one channel a group

// For windows of one pixel and one tap, one group.
std::unique_ptr<ConvMethod> make_linear_dense(const Weights& weights, Isa isa);
std::unique_ptr<ConvMethod> make_linear_planes(const Weights& weights, Isa isa);

}  // namespace plumline
