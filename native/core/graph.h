#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "core/operator.h"
#include "core/schedule.h"

namespace plumline {

// A program as a file gives it: not yet trusted.
struct GraphSpec {
  int64_t values = 0;                           // how many value numbers there are
  std::vector<std::pair<int, Shape>> inputs;    // value and sizes, -1 for any
  std::vector<int> outputs;                     // values
  std::map<int, Constant> constants;
  std::vector<NodeSpec> nodes;                  // in the order in which they run
};

// A program that runs. Calls from several threads take turns: one arena, one pool of workers. After fork() the child
// may use a graph that no other thread was using at that moment.
class Graph {
 public:
  // Throws Error unless every value is made exactly once, before it is used, and every operator accepts its node.
  Graph(GraphSpec spec, Isa isa, int threads);
  ~Graph();

  // Derives the shapes of everything, plans the memory and keeps both until other shapes come. Throws Error when the
  // shapes do not fit or the program would need more memory than the machine has; nothing is allocated then.
  std::vector<Shape> infer(const std::vector<Shape>& inputs);

  // Allocates nothing when the input shapes are those of the last call. Throws Error when a shape is wrong or an output
  // overlaps another array.
  void run(const std::vector<InputView>& inputs, const std::vector<OutputView>& outputs);

  // Median seconds of each node over `repeats` runs.
  std::vector<double> profile(const std::vector<InputView>& inputs, int repeats);

  std::vector<Shape> shapes() const;         // of each value, at the last planned shapes (nothing before)
  std::vector<std::string> kernels() const;  // of each node, at the last planned shapes if there are any
  // Of each node, at the last planned shapes (nothing before): how it can be computed, and why it is as kernels() says.
  struct NodeCandidates {
    Shape input;  // of its first input
    std::vector<Candidate> candidates;
  };
  std::vector<NodeCandidates> candidates() const;
  std::vector<std::string> reasons() const;
  int64_t conversions() const;               // between layouts, in the last plan
  int threads() const { return pool_.threads(); }
  size_t arena_bytes() const;  // of the last plan, scratch included; 0 before the first

 private:
  struct Plan;

  void check(const GraphSpec& spec) const;
  void add_steps(const std::vector<NodeSpec>& nodes, Isa isa);
  void derive_types();
  void prepare(const std::vector<Shape>& inputs);
  std::vector<Shape> derive_shapes(const std::vector<Shape>& inputs) const;
  std::vector<Shape> given(const Step& step) const;  // the shapes of its inputs in the last plan
  size_t plan_threads(Plan& plan) const;
  void execute(const std::vector<InputView>& inputs, const std::vector<OutputView>& outputs,
               std::vector<std::vector<double>>* seconds);

  std::vector<std::pair<int, Shape>> inputs_;
  std::vector<int> outputs_;
  std::map<int, Constant> constants_;
  size_t values_ = 0;
  std::vector<DType> types_;  // of each value
  std::vector<Step> steps_;
  std::unique_ptr<Operator> to_row_major_, to_sub_images_;
  std::unique_ptr<Plan> plan_;
  ThreadPool pool_, alone_{1};  // for steps that are shared, and for those that are too short
  mutable std::mutex mutex_;
};

}  // namespace plumline
