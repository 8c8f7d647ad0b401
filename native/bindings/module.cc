// plumline.runtime._native: the Graph as Python sees it. Nothing that comes from Python is trusted: every object is
// converted here, and every refusal is a NativeError.

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "bindings/merge.h"
#include "bindings/probe.h"
#include "bindings/sizes.h"
#include "bindings/summerge.h"
#include "core/graph.h"
#include "kernels/int8_tiles/int8_tiles.h"

namespace nb = nanobind;

namespace plumline {

namespace {

// Any array of CPU memory; the element type and the layout are checked by the reader.
using AnyArray = nb::ndarray<nb::ro, nb::c_contig, nb::device::cpu>;
using ReadArray = nb::ndarray<const float, nb::c_contig, nb::device::cpu>;
using WriteArray = nb::ndarray<float, nb::c_contig, nb::device::cpu>;

template <class T>
T convert(nb::handle object, const std::string& what) {
  T value;
  if (!nb::try_cast<T>(object, value)) {
    PyErr_Clear();
    throw Error(what + " has the wrong type: " + nb::type_name(object.type()).c_str());
  }
  return value;
}

// The elements of a list or tuple.
std::vector<nb::object> elements(nb::handle object, const std::string& what) {
  if (!nb::isinstance<nb::list>(object) && !nb::isinstance<nb::tuple>(object))
    throw Error(what + " must be a list, not " + nb::type_name(object.type()).c_str());
  std::vector<nb::object> list;
  for (nb::handle element : object) list.push_back(nb::borrow(element));
  return list;
}

std::vector<nb::object> elements(nb::handle object, const std::string& what, size_t n) {
  std::vector<nb::object> list = elements(object, what);
  if (list.size() != n)
    throw Error(what + " must have " + std::to_string(n) + " elements, not " + std::to_string(list.size()));
  return list;
}

nb::dict dictionary(nb::handle object, const std::string& what) {
  if (!nb::isinstance<nb::dict>(object))
    throw Error(what + " must be a dict, not " + nb::type_name(object.type()).c_str());
  return nb::borrow<nb::dict>(object);
}

int to_value(nb::handle object) { return convert<int>(object, "a value number"); }

std::vector<int> to_values(nb::handle object, const std::string& what) {
  std::vector<int> values;
  for (const nb::object& element : elements(object, what)) values.push_back(to_value(element));
  return values;
}

Shape to_shape(nb::handle object) {
  Shape shape;
  for (const nb::object& size : elements(object, "a shape")) shape.push_back(convert<int64_t>(size, "a size"));
  return shape;
}

nb::tuple from_shape(const Shape& shape) {
  nb::list sizes;
  for (const int64_t size : shape) sizes.append(size);
  return nb::tuple(sizes);
}

template <class Array>
Shape shape_of(const Array& array) {
  Shape shape;
  for (size_t axis = 0; axis < array.ndim(); ++axis) shape.push_back(static_cast<int64_t>(array.shape(axis)));
  return shape;
}

Constant to_constant(nb::handle object, const std::string& what) {
  const auto array = convert<AnyArray>(object, what);
  const nb::dlpack::dtype dtype = array.dtype();
  if (dtype == nb::dtype<float>()) return Constant(DType::kFloat32, shape_of(array), array.data());
  if (dtype == nb::dtype<int32_t>()) return Constant(DType::kInt32, shape_of(array), array.data());
  if (dtype == nb::dtype<uint32_t>()) return Constant(DType::kUInt32, shape_of(array), array.data());
  if (dtype == nb::dtype<uint8_t>()) return Constant(DType::kUInt8, shape_of(array), array.data());
  if (dtype == nb::dtype<int8_t>()) return Constant(DType::kInt8, shape_of(array), array.data());
  throw Error(what + " must be float32, int32, uint32, uint8 or int8");
}

Attribute to_attribute(nb::handle object, const std::string& what) {
  if (nb::isinstance<nb::str>(object)) return convert<std::string>(object, what);
  if (nb::isinstance<nb::float_>(object)) return convert<double>(object, what);
  if (nb::isinstance<nb::int_>(object)) return convert<int64_t>(object, what);
  const std::vector<nb::object> list = elements(object, what);
  bool whole = true;
  for (const nb::object& element : list) whole = whole && nb::isinstance<nb::int_>(element);
  if (whole) {
    std::vector<int64_t> integers;
    for (const nb::object& element : list) integers.push_back(convert<int64_t>(element, what));
    return integers;
  }
  std::vector<double> reals;
  for (const nb::object& element : list) reals.push_back(convert<double>(element, what));
  return reals;
}

NodeSpec to_node(nb::handle object) {
  const std::vector<nb::object> parts = elements(object, "a node", 6);
  NodeSpec node;
  node.op = convert<std::string>(parts[0], "the operator of a node");
  node.name = convert<std::string>(parts[1], "the name of a node");
  node.inputs = to_values(parts[2], "the inputs of a node");
  node.outputs = to_values(parts[3], "the outputs of a node");
  std::map<std::string, Attribute> attributes;
  for (const auto& [key, value] : dictionary(parts[4], "the attributes of a node")) {
    const auto name = convert<std::string>(key, "the name of an attribute");
    attributes.emplace(name, to_attribute(value, "attribute '" + name + "'"));
  }
  node.attributes = Attributes(std::move(attributes));
  for (const auto& [key, value] : dictionary(parts[5], "the tensors of a node")) {
    const auto role = convert<std::string>(key, "the role of a tensor");
    node.tensors.emplace(role, to_constant(value, "tensor '" + role + "'"));
  }
  return node;
}

GraphSpec to_spec(nb::handle values, nb::handle inputs, nb::handle outputs, nb::handle constants, nb::handle nodes) {
  GraphSpec spec;
  spec.values = convert<int64_t>(values, "the number of values");
  for (const nb::object& input : elements(inputs, "inputs")) {
    const std::vector<nb::object> pair = elements(input, "an input", 2);
    spec.inputs.emplace_back(to_value(pair[0]), to_shape(pair[1]));
  }
  spec.outputs = to_values(outputs, "outputs");
  for (const auto& [key, value] : dictionary(constants, "constants"))
    spec.constants.emplace(to_value(key), to_constant(value, "a constant"));
  for (const nb::object& node : elements(nodes, "nodes")) spec.nodes.push_back(to_node(node));
  return spec;
}

// Arrays of one call: held while it runs, and the shapes that the views point to.
template <class Array>
struct Arrays {
  std::vector<Array> arrays;
  std::vector<Shape> shapes;

  Arrays(nb::handle list, const char* what, const char* wanted) {
    for (const nb::object& object : elements(list, what)) {
      Array array;
      if (!nb::try_cast<Array>(object, array, false)) {
        PyErr_Clear();
        throw Error(std::string(what) + "[" + std::to_string(arrays.size()) + "] must be " + wanted);
      }
      if (reinterpret_cast<uintptr_t>(array.data()) % alignof(float))
        throw Error(std::string(what) + "[" + std::to_string(arrays.size()) + "] must be aligned");
      shapes.push_back(shape_of(array));
      arrays.push_back(std::move(array));
    }
  }

  template <class View>
  std::vector<View> views() const {
    std::vector<View> list;
    for (size_t i = 0; i < arrays.size(); ++i) list.push_back({arrays[i].data(), &shapes[i]});
    return list;
  }
};

struct Inputs : Arrays<ReadArray> {
  explicit Inputs(nb::handle list) : Arrays(list, "inputs", "a C-contiguous float32 array") {}
};

struct Outputs : Arrays<WriteArray> {
  explicit Outputs(nb::handle list) : Arrays(list, "outputs", "a writable C-contiguous float32 array") {}
};

void make_graph(Graph* self, nb::handle values, nb::handle inputs, nb::handle outputs, nb::handle constants,
                nb::handle nodes, nb::handle isa, nb::handle threads) {
  GraphSpec spec = to_spec(values, inputs, outputs, constants, nodes);
  const Isa cap = isa_from_name(convert<std::string>(isa, "isa"));
  const int workers = convert<int>(threads, "threads");
  const nb::gil_scoped_release unlocked;
  new (self) Graph(std::move(spec), cap, workers);
}

nb::list infer(Graph& self, nb::handle shapes) {
  std::vector<Shape> given;
  for (const nb::object& shape : elements(shapes, "shapes")) given.push_back(to_shape(shape));
  std::vector<Shape> made;
  {
    const nb::gil_scoped_release unlocked;
    made = self.infer(given);
  }
  nb::list result;
  for (const Shape& shape : made) result.append(from_shape(shape));
  return result;
}

void run(Graph& self, nb::handle inputs, nb::handle outputs) {
  const Inputs given(inputs);
  const Outputs made(outputs);
  const std::vector<InputView> input_views = given.views<InputView>();
  const std::vector<OutputView> output_views = made.views<OutputView>();
  const nb::gil_scoped_release unlocked;
  self.run(input_views, output_views);
}

std::vector<double> profile(Graph& self, nb::handle inputs, nb::handle repeats) {
  const Inputs given(inputs);
  const std::vector<InputView> views = given.views<InputView>();
  const int times = convert<int>(repeats, "repeats");
  const nb::gil_scoped_release unlocked;
  return self.profile(views, times);
}

nb::list shapes(const Graph& self) {
  nb::list list;
  for (const Shape& shape : self.shapes()) list.append(from_shape(shape));
  return list;
}

nb::list candidates(const Graph& self) {
  nb::list nodes;
  for (const Graph::NodeCandidates& node : self.candidates()) {
    nb::list list;
    for (const Candidate& candidate : node.candidates) list.append(nb::make_tuple(candidate.method, candidate.cost));
    nodes.append(nb::make_tuple(from_shape(node.input), list));
  }
  return nodes;
}

// One product on tile registers, for the tests of what the integer kernels are made of.
std::vector<int32_t> multiply_int8(const nb::ndarray<const int8_t, nb::c_contig, nb::ndim<2>>& weights,
                                   const AnyArray& inputs, const std::string& isa) {
  const int64_t rows = static_cast<int64_t>(weights.shape(0)), columns = static_cast<int64_t>(weights.shape(1));
  const Int8TilesKernel* kernel = can_run(isa_from_name(isa)) ? int8_tiles(isa_from_name(isa)) : nullptr;
  const bool is_signed = inputs.dtype() == nb::dtype<int8_t>();
  if (!kernel || rows < 1 || columns < 1 || inputs.ndim() != 2 || static_cast<int64_t>(inputs.shape(0)) != columns ||
      (!is_signed && inputs.dtype() != nb::dtype<uint8_t>()))
    throw Error("multiply_int8 needs matrices of bytes that fit, and an instruction set with tile registers");
  const int64_t n = static_cast<int64_t>(inputs.shape(1)), width = (n + 15) / 16 * 16;
  const Int8TileWeights held(weights.data(), rows, columns);
  const int64_t steps = held.view().steps;
  std::vector<uint32_t> quads(steps * 16 * width);
  const uint8_t* bytes = static_cast<const uint8_t*>(inputs.data());
  for (int64_t quad = 0; quad * 4 < columns; ++quad) {
    const uint8_t* lines[4];
    for (int64_t j = 0; j < 4; ++j) lines[j] = quad * 4 + j < columns ? bytes + (quad * 4 + j) * n : nullptr;
    kernel->interleave(lines, n, quads.data() + quad * width);
  }
  std::vector<const uint32_t*> views;
  for (int64_t step = 0; step < steps; ++step) views.push_back(quads.data() + step * 16 * width);
  std::vector<int32_t> sums((rows + 15) / 16 * 16 * width), result;
  std::vector<int8_t> scratch(kInt8Scratch);
  kernel->multiply(held.view(), 0, rows, {views.data(), width, width, is_signed}, sums.data(), width, scratch.data());
  for (int64_t row = 0; row < rows; ++row)
    result.insert(result.end(), sums.begin() + row * width, sums.begin() + row * width + n);
  return result;
}

std::vector<std::string> isa_names() {
  std::vector<std::string> names;
  for (const Isa isa : available_isas()) names.emplace_back(name_of(isa));
  return names;
}

}  // namespace

NB_MODULE(_native, m) {
  m.doc() = "The native engine: a program as a graph of steps, and what this machine can run.";
  nb::exception<Error>(m, "NativeError", PyExc_ValueError);
  m.def("best_isa", [] { return std::string(name_of(best_isa())); });
  m.def("available_isas", isa_names);
  m.def("operators", registered_operators);
  bind_merge(m);
  bind_probe(m);
  bind_sizes(m);
  bind_summerge(m);
  m.def("multiply_int8", multiply_int8, nb::arg("weights"), nb::arg("inputs"), nb::arg("isa"));
  nb::class_<Graph>(m, "Graph")
      .def("__init__", make_graph, nb::arg("values"), nb::arg("inputs"), nb::arg("outputs"), nb::arg("constants"),
           nb::arg("nodes"), nb::arg("isa"), nb::arg("threads"))
      .def("infer", infer, nb::arg("shapes"))
      .def("run", run, nb::arg("inputs"), nb::arg("outputs"))
      .def("kernels", &Graph::kernels)
      .def("shapes", shapes)
      .def("candidates", candidates)
      .def("reasons", &Graph::reasons)
      .def("profile", profile, nb::arg("inputs"), nb::arg("repeats"))
      .def_prop_ro("threads", &Graph::threads)
      .def_prop_ro("conversions", &Graph::conversions)
      .def_prop_ro("arena_bytes", &Graph::arena_bytes);
}

}  // namespace plumline
