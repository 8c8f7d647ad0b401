#include "bindings/summerge.h"

#include <nanobind/ndarray.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <string>
#include <tuple>
#include <vector>

#include "core/error.h"
#include "kernels/summerge/graph.h"

namespace nb = nanobind;

namespace plumline {
namespace {

using Matrix = nb::ndarray<const float, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
using Inputs = nb::ndarray<const double, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

SumMergeGraph graph_of(const Matrix& weight, int64_t tile, bool sparsity_support) {
  return make_summerge_graph(weight.data(), static_cast<int64_t>(weight.shape(0)),
                             static_cast<int64_t>(weight.shape(1)), {tile, sparsity_support});
}

void make_graph(SumMergeGraph* self, const Matrix& weight, int64_t tile, bool sparsity_support) {
  new (self) SumMergeGraph(graph_of(weight, tile, sparsity_support));
}

nb::dict counts_of(const SumMergeGraph& graph) {
  const SumMergeCounts counts = graph.count();
  nb::dict result;
  result["additions"] = counts.additions();
  result["multiplications"] = counts.multiplications;
  result["sums"] = counts.sums;
  result["combinations"] = counts.combinations;
  result["accumulations"] = counts.accumulations;
  return result;
}

std::vector<std::tuple<int64_t, int64_t>> tile_counts(const SumMergeGraph& graph) {
  std::vector<std::tuple<int64_t, int64_t>> counts;
  for (size_t i = 0; i < graph.tiles.size(); ++i) {
    const SumMergeCounts part = graph.count(i);
    counts.emplace_back(part.additions(), part.multiplications);
  }
  return counts;
}

std::vector<std::tuple<int, double>> accumulators(const SumMergeGraph& graph) {
  std::vector<std::tuple<int, double>> list;
  for (const SumMergeAccumulator& at : graph.accumulators) list.emplace_back(at.filter, at.value);
  return list;
}

nb::tuple tile_of(const SumMergeGraph& graph, size_t index) {
  if (index >= graph.tiles.size()) throw Error("there are only " + std::to_string(graph.tiles.size()) + " tiles");
  const SumMergeTile& tile = graph.tiles[index];
  std::vector<std::tuple<int, int, int>> nodes, uses;
  for (const SumMergeNode& node : tile.nodes) nodes.emplace_back(node.a, node.b, node.coefficient);
  for (const SumMergeUse& use : tile.uses) uses.emplace_back(use.accumulator, use.operand, use.sign);
  return nb::make_tuple(tile.first, tile.columns, nodes, uses);
}

std::vector<double> run_interpreted(const SumMergeGraph& graph, const Inputs& x) {
  if (static_cast<int64_t>(x.size()) != graph.columns)
    throw Error("the graph takes " + std::to_string(graph.columns) + " inputs, not " + std::to_string(x.size()));
  std::vector<double> y(static_cast<size_t>(graph.filters));
  interpret(graph, x.data(), y.data());
  return y;
}

}  // namespace

void bind_summerge(nb::module_& m) {
  using namespace nb::literals;
  m.def(
      "summerge_count",
      [](const Matrix& weight, int64_t tile, bool sparsity_support) {
        return counts_of(graph_of(weight, tile, sparsity_support));
      },
      "weight"_a, "tile"_a, "sparsity_support"_a);
  nb::class_<SumMergeGraph>(m, "SumMergeGraph")
      .def("__init__", make_graph, "weight"_a, "tile"_a, "sparsity_support"_a)
      .def_ro("filters", &SumMergeGraph::filters)
      .def_ro("columns", &SumMergeGraph::columns)
      .def_prop_ro("tiles", [](const SumMergeGraph& graph) { return graph.tiles.size(); })
      .def("accumulators", accumulators)
      .def("tile", tile_of, "index"_a)
      .def("counts", counts_of)
      .def("tile_counts", tile_counts)
      .def("interpret", run_interpreted, "x"_a);
}

}  // namespace plumline
