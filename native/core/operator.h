#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/attributes.h"
#include "core/constant.h"
#include "core/cpu.h"
#include "core/error.h"
#include "core/shape.h"
#include "core/thread_pool.h"

namespace plumline {

// One node of a program file, not yet trusted: operator constructors check every attribute and tensor they use.
struct NodeSpec {
  std::string op;    // the key of the registry: "conv", "relu", "add", ...
  std::string name;  // the ONNX node's name, for messages and plan()
  std::vector<int> inputs;   // value numbers
  std::vector<int> outputs;
  Attributes attributes;
  std::map<std::string, Constant> tensors;  // by role: "weight", "bias", ...

  const Constant& tensor(const std::string& role) const;  // throws Error when the node has none
  const Constant* find_tensor(const std::string& role) const;
};

// How the numbers of a value lie in memory.
enum class Layout {
  kRowMajor,   // dense, in the shape that ONNX gives it
  kInterleaved,  // images only, (N, C, H, W) or (N, C, L): see sub_images.h
};

// How many numbers that takes.
int64_t stored_count(const Shape& shape, Layout layout, DType dtype);

// The numbers of a value. `data` is of the type `dtype`: elements() gives it as what an 8-bit value holds.
struct InputView {
  const float* data;
  const Shape* shape;
  Layout layout = Layout::kRowMajor;
  DType dtype = DType::kFloat32;

  template <class Element>
  const Element* elements() const {
    return reinterpret_cast<const Element*>(data);
  }
};

struct OutputView {
  float* data;
  const Shape* shape;
  Layout layout = Layout::kRowMajor;
  DType dtype = DType::kFloat32;

  template <class Element>
  Element* elements() const {
    return reinterpret_cast<Element*>(data);
  }
};

struct RunContext {
  const InputView* inputs;
  const OutputView* outputs;
  std::byte* scratch;  // 64-byte aligned, at least scratch_bytes() long, contents undefined
  ThreadPool* pool;
};

// A way in which a step can be computed: "merge", and what it is estimated to cost, in a unit of the operator's own.
struct Candidate {
  std::string method;
  double cost;
};

// One step of a program. Activations are float32, uint8 or int8.
// The constructor checks what does not depend on input shapes; infer() checks what does; after infer() accepted a
// set of shapes, run() on tensors of these shapes can neither fail nor touch memory outside them.
class Operator {
 public:
  virtual ~Operator() = default;
  virtual std::vector<Shape> infer(const std::vector<Shape>& inputs) const = 0;
  // The type of the outputs, from those of the inputs, which never change. Throws Error for inputs it does not take:
  // any but float32 unless overridden.
  virtual DType infer_type(const std::vector<DType>& inputs) const;
  virtual size_t scratch_bytes(const std::vector<Shape>& inputs, int threads) const;  // 0 unless overridden
  virtual void run(const RunContext& context) const = 0;                              // allocates nothing

  // Of these inputs: which layout of input i run() wants when its first output has the given one, and whether that may
  // be sub-images. The graph converts what does not fit.
  virtual bool makes_sub_images(const std::vector<Shape>&) const { return false; }
  virtual Layout input_layout(const std::vector<Shape>&, size_t, Layout) const { return Layout::kRowMajor; }

  virtual bool output_is_view_of_input() const { return false; }  // output 0 holds input 0's bytes in another shape
  virtual std::string kernel() const { return "reference"; }       // what plan() prints: "tables/avx512", ...
  virtual std::string kernel_for(const std::vector<Shape>&) const { return kernel(); }  // the same, of these inputs
  // Where there are several ways: which, the cheapest first, and why the one that kernel_for() names was chosen.
  virtual std::vector<Candidate> candidates(const std::vector<Shape>&) const { return {}; }
  virtual std::string reason_for(const std::vector<Shape>&) const { return ""; }
  // About the processor cycles that run() takes on one thread; 0 where that is unknown.
  virtual double cycles(const std::vector<Shape>&) const { return 0; }
};

// Registry: an operator's source file ends with
//   static const RegisterOperator registered("relu", [](const NodeSpec& spec, Isa isa) { return ...; });
using OperatorFactory = std::unique_ptr<Operator> (*)(const NodeSpec& spec, Isa isa);
struct RegisterOperator {
  RegisterOperator(const char* op, OperatorFactory factory);
};
std::unique_ptr<Operator> make_operator(const NodeSpec& spec, Isa isa);  // throws Error for an unknown op
std::vector<std::string> registered_operators();

// The step that a graph puts where a value is needed in a layout that it does not have yet.
std::unique_ptr<Operator> make_conversion(Layout to, Isa isa);

}  // namespace plumline
