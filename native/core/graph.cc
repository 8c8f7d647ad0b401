#include "core/graph.h"

#include <algorithm>
#include <chrono>
#include <cstring>

#include "core/aligned.h"
#include "core/arena_guard.h"
#include "core/memory_plan.h"

namespace plumline {

namespace {

// Far above any real network, and so few that planning, which takes quadratic time when all values live at once, takes
// a second or two for a hostile file. Every node makes a value: this bounds the nodes too.
constexpr int64_t kMaxValues = 1 << 15;

constexpr int kNone = -1;

// A step that takes fewer cycles runs on one thread. To hand out its parts, to wait for the last one, and to read what
// another core has written takes about as long as half of it (measured).
constexpr double kWorthSharing = 100000;

size_t bytes_of(const Shape& shape) { return static_cast<size_t>(count(shape)) * sizeof(float); }

bool fits(const Shape& declared, const Shape& given) {
  if (declared.size() != given.size()) return false;
  for (size_t axis = 0; axis < declared.size(); ++axis)
    if (declared[axis] != given[axis] && declared[axis] != -1) return false;
  return true;
}

// Which values exist so far; refuses a number out of range, one made twice and one used before it is made.
class Made {
 public:
  explicit Made(int64_t values) : made_(static_cast<size_t>(values), false) {}

  void make(int value, const std::string& by) {
    check_range(value, by);
    if (made_[static_cast<size_t>(value)]) throw Error(by + " makes value " + std::to_string(value) + " a second time");
    made_[static_cast<size_t>(value)] = true;
  }

  void use(int value, const std::string& by) const {
    check_range(value, by);
    if (!made_[static_cast<size_t>(value)])
      throw Error(by + " uses value " + std::to_string(value) + " before anything has made it");
  }

 private:
  void check_range(int value, const std::string& by) const {
    if (value < 0 || static_cast<size_t>(value) >= made_.size())
      throw Error(by + " names value " + std::to_string(value) + " of a program of " + std::to_string(made_.size()));
  }

  std::vector<bool> made_;
};

std::string title(const std::string& op, const std::string& name) { return "node '" + name + "' (" + op + ")"; }

bool overlap(const float* a, size_t a_bytes, const float* b, size_t b_bytes) {
  const auto first = reinterpret_cast<uintptr_t>(a);
  const auto second = reinterpret_cast<uintptr_t>(b);
  return a_bytes && b_bytes && first < second + b_bytes && second < first + a_bytes;
}

}  // namespace

// Where everything is for one set of input shapes. A tensor is a value in one layout; it is numbered by Graph::Plan::at.
// A tensor's storage is that of its root: the one whose bytes it shows in another shape, or itself.
struct Graph::Plan {
  std::vector<Shape> input_shapes;
  std::vector<Shape> shapes;      // of each value
  std::vector<DType> types;       // of each value
  std::vector<ScheduledStep> steps;
  std::vector<bool> is_short;     // of each step: not worth sharing
  std::vector<size_t> scratch_bytes;  // of each step
  std::vector<size_t> root;       // of each tensor
  std::vector<int> output_slot;   // of each root: the caller's array it is written to, or kNone
  std::vector<int> copied_slots;  // outputs that are copied at the end: they share bytes with another, or with an input
  size_t bytes = 0;               // arena and scratch
  std::shared_ptr<std::byte> arena;
  std::byte* scratch = nullptr;
  std::vector<float*> data;  // of each tensor; those of inputs and direct outputs are set by every run
  std::vector<std::vector<InputView>> step_inputs;
  std::vector<std::vector<OutputView>> step_outputs;

  size_t at(const Tensor& tensor) const {
    return static_cast<size_t>(tensor.value) + (tensor.layout == Layout::kInterleaved ? shapes.size() : 0);
  }
  size_t at(int value) const { return at({value, Layout::kRowMajor}); }
  size_t bytes_of(const Tensor& tensor) const {
    const auto value = static_cast<size_t>(tensor.value);
    return static_cast<size_t>(stored_count(shapes[value], tensor.layout, types[value])) * size_of(types[value]);
  }

  // What a step may touch.
  void open_only(size_t step, const ArenaGuard& guard) const {
    guard.close();
    for (const Tensor& tensor : steps[step].inputs) guard.open(data[at(tensor)], bytes_of(tensor));
    for (const Tensor& tensor : steps[step].outputs) guard.open(data[at(tensor)], bytes_of(tensor));
    guard.open(scratch, scratch_bytes[step]);
  }
};

Graph::Graph(GraphSpec spec, Isa isa, int threads) : pool_(threads) {
  if (!can_run(isa)) throw Error(std::string("this machine does not have the instruction set ") + name_of(isa));
  check(spec);
  add_steps(spec.nodes, isa);
  inputs_ = std::move(spec.inputs);
  outputs_ = std::move(spec.outputs);
  constants_ = std::move(spec.constants);
  values_ = static_cast<size_t>(spec.values);
  derive_types();
  to_row_major_ = make_conversion(Layout::kRowMajor, isa);
  to_sub_images_ = make_conversion(Layout::kInterleaved, isa);
}

Graph::~Graph() = default;

void Graph::check(const GraphSpec& spec) const {
  if (spec.values < 0 || spec.values > kMaxValues)
    throw Error("a program of " + std::to_string(spec.values) + " values: at most " + std::to_string(kMaxValues));
  Made made(spec.values);
  for (const auto& [value, sizes] : spec.inputs) {
    made.make(value, "an input");
    Shape known = sizes;
    std::replace(known.begin(), known.end(), int64_t{-1}, int64_t{1});
    checked_count(known);
  }
  for (const auto& [value, constant] : spec.constants) {
    made.make(value, "a constant");
    if (constant.dtype() != DType::kFloat32) throw Error("constant " + std::to_string(value) + " must be float32");
  }
  for (const NodeSpec& node : spec.nodes) {
    const std::string by = title(node.op, node.name);
    for (const int value : node.inputs) made.use(value, by);
    if (node.outputs.empty()) throw Error(by + " has no output");
    for (const int value : node.outputs) made.make(value, by);
  }
  for (const int value : spec.outputs) made.use(value, "an output");
}

void Graph::add_steps(const std::vector<NodeSpec>& nodes, Isa isa) {
  for (const NodeSpec& node : nodes) {
    const std::string by = title(node.op, node.name);
    try {
      steps_.push_back({make_operator(node, isa), by, node.inputs, node.outputs});
    } catch (const Error& error) {
      throw Error(by + ": " + error.what());
    }
  }
}

// Inputs, constants and outputs are float32: 8-bit values live inside a program, between the steps that make and take
// them.
void Graph::derive_types() {
  types_.assign(values_, DType::kFloat32);
  for (const Step& step : steps_) {
    std::vector<DType> given;
    for (const int value : step.inputs) given.push_back(types_[static_cast<size_t>(value)]);
    try {
      const DType made = step.operation->infer_type(given);
      for (const int value : step.outputs) types_[static_cast<size_t>(value)] = made;
    } catch (const Error& error) {
      throw Error(step.title + ": " + error.what());
    }
  }
  for (const int value : outputs_) {
    const DType type = types_[static_cast<size_t>(value)];
    if (type != DType::kFloat32)
      throw Error(std::string("an output must be float32: value ") + std::to_string(value) + " is " + name_of(type));
  }
}

std::vector<Shape> Graph::derive_shapes(const std::vector<Shape>& inputs) const {
  if (inputs.size() != inputs_.size())
    throw Error("the program takes " + std::to_string(inputs_.size()) + " inputs, not " +
                std::to_string(inputs.size()));
  std::vector<Shape> shapes(values_);
  for (size_t i = 0; i < inputs.size(); ++i) {
    const auto& [value, declared] = inputs_[i];
    if (!fits(declared, inputs[i]))
      throw Error("input " + std::to_string(i) + " has shape " + to_string(inputs[i]) + ", not " + to_string(declared));
    checked_count(inputs[i]);
    shapes[static_cast<size_t>(value)] = inputs[i];
  }
  for (const auto& [value, constant] : constants_) shapes[static_cast<size_t>(value)] = constant.shape();
  for (const Step& step : steps_) {
    try {
      std::vector<Shape> given;
      for (const int value : step.inputs) given.push_back(shapes[static_cast<size_t>(value)]);
      std::vector<Shape> made = step.operation->infer(given);
      if (made.size() != step.outputs.size())
        throw Error("makes " + std::to_string(made.size()) + " outputs, not " + std::to_string(step.outputs.size()));
      for (const Shape& shape : made) checked_count(shape);
      if (step.operation->output_is_view_of_input() && (given.size() != 1 || count(made[0]) != count(given[0])))
        throw Error("does not keep the number of elements");
      for (size_t i = 0; i < made.size(); ++i) shapes[static_cast<size_t>(step.outputs[i])] = std::move(made[i]);
    } catch (const Error& error) {
      throw Error(step.title + ": " + error.what());
    }
  }
  return shapes;
}

// Which steps are short, and the scratch that the greediest of all needs.
size_t Graph::plan_threads(Plan& plan) const {
  size_t bytes = 0;
  for (const ScheduledStep& step : plan.steps) {
    std::vector<Shape> given;
    for (const Tensor& tensor : step.inputs) given.push_back(plan.shapes[static_cast<size_t>(tensor.value)]);
    try {
      const double cycles = step.operation->cycles(given);
      const bool is_short = cycles > 0 && cycles < kWorthSharing;
      plan.is_short.push_back(is_short);
      plan.scratch_bytes.push_back(step.operation->scratch_bytes(given, is_short ? 1 : pool_.threads()));
      bytes = std::max(bytes, plan.scratch_bytes.back());
    } catch (const Error& error) {
      throw Error(steps_[step.step].title + ": " + error.what());
    }
  }
  return bytes;
}

void Graph::prepare(const std::vector<Shape>& inputs) {
  if (plan_ && plan_->input_shapes == inputs) return;
  auto plan = std::make_unique<Plan>();
  plan->shapes = derive_shapes(inputs);
  plan->types = types_;
  plan->input_shapes = inputs;
  plan->steps = schedule(steps_, plan->shapes, outputs_, {to_row_major_.get(), to_sub_images_.get()});
  const size_t scratch = plan_threads(*plan);
  const size_t tensors = 2 * values_;

  // A view has its input's root; whether a root is the caller's or a constant decides how outputs reach their arrays.
  plan->root.resize(tensors);
  for (size_t tensor = 0; tensor < tensors; ++tensor) plan->root[tensor] = tensor;
  std::vector<bool> is_computed(tensors, false);
  for (const ScheduledStep& step : plan->steps) {
    for (const Tensor& tensor : step.outputs) is_computed[plan->at(tensor)] = true;
    if (step.operation->output_is_view_of_input())
      plan->root[plan->at(step.outputs[0])] = plan->root[plan->at(step.inputs[0])];
  }
  plan->output_slot.assign(tensors, kNone);
  for (size_t slot = 0; slot < outputs_.size(); ++slot) {
    const size_t root = plan->root[plan->at(outputs_[slot])];
    if (is_computed[root] && plan->output_slot[root] == kNone)
      plan->output_slot[root] = static_cast<int>(slot);
    else
      plan->copied_slots.push_back(static_cast<int>(slot));
  }

  // Everything computed that no output array holds lives in the arena from the step that makes it to its last reader.
  std::vector<Buffer> buffers;
  std::vector<int> buffer_of(tensors, kNone);
  for (size_t s = 0; s < plan->steps.size(); ++s) {
    const int now = static_cast<int>(s);
    for (const Tensor& tensor : plan->steps[s].inputs) {
      const int buffer = buffer_of[plan->root[plan->at(tensor)]];
      if (buffer != kNone) buffers[static_cast<size_t>(buffer)].last = now;
    }
    for (const Tensor& tensor : plan->steps[s].outputs) {
      const size_t index = plan->at(tensor);
      if (plan->root[index] != index || plan->output_slot[index] != kNone) continue;
      buffer_of[index] = static_cast<int>(buffers.size());
      buffers.push_back({plan->bytes_of(tensor), now, now});
    }
  }
  const size_t arena = plan_memory(buffers);
  plan->bytes = arena + align_up(scratch);

  double needed = static_cast<double>(arena) + static_cast<double>(scratch);
  for (const int value : outputs_)
    needed += static_cast<double>(plan->bytes_of({value, Layout::kRowMajor}));
  if (needed > static_cast<double>(physical_memory()))
    throw Error("for these input shapes the program needs " + human_bytes(needed) + " of memory and the machine has " +
                human_bytes(static_cast<double>(physical_memory())) + ": use a smaller batch");

  plan_.reset();  // the old arena goes before the new one comes
  plan->arena = allocate_aligned(plan->bytes);
  plan->scratch = plan->arena.get() + arena;
  plan->data.assign(tensors, nullptr);
  // Constants and inputs are only ever read: operators see them as InputView.
  for (const auto& [value, constant] : constants_) plan->data[plan->at(value)] = const_cast<float*>(constant.floats());
  for (size_t tensor = 0; tensor < tensors; ++tensor)
    if (buffer_of[tensor] != kNone)
      plan->data[tensor] =
          reinterpret_cast<float*>(plan->arena.get() + buffers[static_cast<size_t>(buffer_of[tensor])].offset);
  for (const ScheduledStep& step : plan->steps) {
    plan->step_inputs.emplace_back();
    for (const Tensor& tensor : step.inputs) {
      const auto value = static_cast<size_t>(tensor.value);
      plan->step_inputs.back().push_back({nullptr, &plan->shapes[value], tensor.layout, types_[value]});
    }
    plan->step_outputs.emplace_back();
    for (const Tensor& tensor : step.outputs) {
      const auto value = static_cast<size_t>(tensor.value);
      plan->step_outputs.back().push_back({nullptr, &plan->shapes[value], tensor.layout, types_[value]});
    }
  }
  plan_ = std::move(plan);
}

std::vector<Shape> Graph::infer(const std::vector<Shape>& inputs) {
  std::lock_guard<std::mutex> lock(mutex_);
  prepare(inputs);
  std::vector<Shape> shapes;
  for (const int value : outputs_) shapes.push_back(plan_->shapes[static_cast<size_t>(value)]);
  return shapes;
}

// Everything is checked by now; nothing here allocates (save the timings of a profile) or fails.
void Graph::execute(const std::vector<InputView>& inputs, const std::vector<OutputView>& outputs,
                    std::vector<std::vector<double>>* seconds) {
  Plan& plan = *plan_;
  for (size_t i = 0; i < inputs.size(); ++i)
    plan.data[plan.at(inputs_[i].first)] = const_cast<float*>(inputs[i].data);
  for (size_t tensor = 0; tensor < plan.data.size(); ++tensor)
    if (plan.output_slot[tensor] != kNone)
      plan.data[tensor] = outputs[static_cast<size_t>(plan.output_slot[tensor])].data;
  for (size_t tensor = 0; tensor < plan.data.size(); ++tensor) plan.data[tensor] = plan.data[plan.root[tensor]];
  if (seconds)
    for (std::vector<double>& times : *seconds) times.push_back(0);

  const ArenaGuard guard(plan.arena.get(), plan.bytes);
  for (size_t s = 0; s < plan.steps.size(); ++s) {
    const ScheduledStep& step = plan.steps[s];
    const auto begin = std::chrono::steady_clock::now();
    if (!step.operation->output_is_view_of_input()) {
      for (size_t i = 0; i < step.inputs.size(); ++i) plan.step_inputs[s][i].data = plan.data[plan.at(step.inputs[i])];
      for (size_t i = 0; i < step.outputs.size(); ++i)
        plan.step_outputs[s][i].data = plan.data[plan.at(step.outputs[i])];
      if constexpr (ArenaGuard::kWorks) plan.open_only(s, guard);
      step.operation->run({plan.step_inputs[s].data(), plan.step_outputs[s].data(), plan.scratch,
                           plan.is_short[s] ? &alone_ : &pool_});
    }
    if (seconds)
      (*seconds)[step.step].back() +=
          std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  }
  for (const int slot : plan.copied_slots) {
    const int value = outputs_[static_cast<size_t>(slot)];
    if (const size_t bytes = plan.bytes_of({value, Layout::kRowMajor}))
      std::memcpy(outputs[static_cast<size_t>(slot)].data, plan.data[plan.at(value)], bytes);
  }
}

void Graph::run(const std::vector<InputView>& inputs, const std::vector<OutputView>& outputs) {
  std::lock_guard<std::mutex> lock(mutex_);
  bool planned = plan_ && plan_->input_shapes.size() == inputs.size();
  for (size_t i = 0; planned && i < inputs.size(); ++i) planned = plan_->input_shapes[i] == *inputs[i].shape;
  if (!planned) {
    std::vector<Shape> shapes;
    for (const InputView& input : inputs) shapes.push_back(*input.shape);
    prepare(shapes);
  }
  if (outputs.size() != outputs_.size())
    throw Error("the program makes " + std::to_string(outputs_.size()) + " outputs, not " +
                std::to_string(outputs.size()));
  for (size_t i = 0; i < outputs.size(); ++i) {
    const Shape& shape = plan_->shapes[static_cast<size_t>(outputs_[i])];
    if (*outputs[i].shape != shape)
      throw Error("the array of output " + std::to_string(i) + " has shape " + to_string(*outputs[i].shape) + ", not " +
                  to_string(shape));
    for (size_t j = 0; j < i; ++j)
      if (overlap(outputs[i].data, bytes_of(shape), outputs[j].data, bytes_of(*outputs[j].shape)))
        throw Error("the arrays of outputs " + std::to_string(j) + " and " + std::to_string(i) + " overlap");
    for (size_t j = 0; j < inputs.size(); ++j)
      if (overlap(outputs[i].data, bytes_of(shape), inputs[j].data, bytes_of(*inputs[j].shape)))
        throw Error("the arrays of input " + std::to_string(j) + " and output " + std::to_string(i) + " overlap");
  }
  execute(inputs, outputs, nullptr);
}

std::vector<double> Graph::profile(const std::vector<InputView>& inputs, int repeats) {
  if (repeats < 1 || repeats > 1000000) throw Error("repeats must be 1 to 1000000, not " + std::to_string(repeats));
  std::lock_guard<std::mutex> lock(mutex_);
  std::vector<Shape> shapes;
  for (const InputView& input : inputs) shapes.push_back(*input.shape);
  prepare(shapes);
  std::vector<std::shared_ptr<std::byte>> storage;
  std::vector<OutputView> outputs;
  for (const int value : outputs_) {
    const Shape& shape = plan_->shapes[static_cast<size_t>(value)];
    storage.push_back(allocate_aligned(bytes_of(shape)));
    outputs.push_back({reinterpret_cast<float*>(storage.back().get()), &shape});
  }
  std::vector<std::vector<double>> seconds(steps_.size());
  for (int repeat = 0; repeat < repeats; ++repeat) execute(inputs, outputs, &seconds);
  std::vector<double> medians;
  for (std::vector<double>& times : seconds) {
    const auto middle = times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2);
    std::nth_element(times.begin(), middle, times.end());
    medians.push_back(*middle);
  }
  return medians;
}

std::vector<Shape> Graph::shapes() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return plan_ ? plan_->shapes : std::vector<Shape>();
}

std::vector<std::string> Graph::kernels() const {
  std::lock_guard<std::mutex> lock(mutex_);
  std::vector<std::string> names;
  for (const Step& step : steps_)
    names.push_back(plan_ ? step.operation->kernel_for(given(step)) : step.operation->kernel());
  return names;
}

std::vector<Graph::NodeCandidates> Graph::candidates() const {
  std::lock_guard<std::mutex> lock(mutex_);
  std::vector<NodeCandidates> nodes(steps_.size());
  for (size_t s = 0; plan_ && s < steps_.size(); ++s) {
    const std::vector<Shape> shapes = given(steps_[s]);
    nodes[s] = {shapes.empty() ? Shape() : shapes[0], steps_[s].operation->candidates(shapes)};
  }
  return nodes;
}

std::vector<std::string> Graph::reasons() const {
  std::lock_guard<std::mutex> lock(mutex_);
  std::vector<std::string> reasons(steps_.size());
  for (size_t s = 0; plan_ && s < steps_.size(); ++s) reasons[s] = steps_[s].operation->reason_for(given(steps_[s]));
  return reasons;
}

std::vector<Shape> Graph::given(const Step& step) const {
  std::vector<Shape> shapes;
  for (const int value : step.inputs) shapes.push_back(plan_->shapes[static_cast<size_t>(value)]);
  return shapes;
}

int64_t Graph::conversions() const {
  std::lock_guard<std::mutex> lock(mutex_);
  if (!plan_) return 0;
  return std::count_if(plan_->steps.begin(), plan_->steps.end(), [&](const ScheduledStep& step) {
    return step.operation == to_row_major_.get() || step.operation == to_sub_images_.get();
  });
}

size_t Graph::arena_bytes() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return plan_ ? plan_->bytes : 0;
}

}  // namespace plumline
