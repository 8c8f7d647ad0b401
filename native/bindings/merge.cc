#include "bindings/merge.h"

#include <nanobind/ndarray.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <functional>
#include <map>
#include <string>
#include <tuple>

#include "core/aligned.h"
#include "core/cpu.h"
#include "core/error.h"
#include "jit/assembler.h"
#include "kernels/merge/code.h"
#include "kernels/merge/cost.h"

namespace nb = nanobind;

namespace plumline {
namespace {

using Signs = nb::ndarray<const int8_t, nb::ndim<3>, nb::c_contig, nb::device::cpu>;
using Channels = nb::ndarray<nb::ro, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
using Sums = nb::ndarray<nb::ndim<3>, nb::c_contig, nb::device::cpu>;

SignMatrix matrix_of(const Signs& signs) {
  const SignMatrix matrix{static_cast<int64_t>(signs.shape(0)), static_cast<int64_t>(signs.shape(1)),
                          static_cast<int64_t>(signs.shape(2)), signs.data()};
  for (size_t i = 0; i < signs.size(); ++i)
    if (signs.data()[i] < -1 || signs.data()[i] > 1) throw Error("signs are -1, 0 or 1");
  return matrix;
}

MergeCodeOptions options_of(const std::string& lanes, int vector_bytes, bool accumulate,
                            std::pair<int64_t, int64_t> steps) {
  if (lanes != "float32" && lanes != "int16") throw Error("lanes are float32 or int16, not " + lanes);
  return {lanes == "int16" ? LaneType::kInt16 : LaneType::kFloat32, vector_bytes, accumulate, steps.first, steps.second};
}

// The arrays of one position: channels (columns, lanes), sums (taps, planes, lanes).
struct Position {
  LaneType lanes;
  const std::byte* channels;
  std::vector<std::byte*> sums;

  Position(const MergeProgram& program, const Channels& x, const Sums& y) {
    const bool is_float = x.dtype() == nb::dtype<float>();
    const size_t width = is_float ? 16 : 32;
    if ((!is_float && x.dtype() != nb::dtype<int16_t>()) || y.dtype() != x.dtype())
      throw Error("channels and sums must be float32 or int16, both the same");
    const auto is = [](size_t size, int64_t wanted) { return static_cast<int64_t>(size) == wanted; };
    if (!is(x.shape(0), program.columns) || x.shape(1) != width || !is(y.shape(0), program.taps) ||
        !is(y.shape(1), program.planes) || y.shape(2) != width)
      throw Error("channels are (columns, lanes), sums (taps, planes, lanes)");
    lanes = is_float ? LaneType::kFloat32 : LaneType::kInt16;
    channels = static_cast<const std::byte*>(x.data());
    for (int64_t tap = 0; tap < program.taps; ++tap)
      sums.push_back(static_cast<std::byte*>(y.data()) + tap * program.planes * kMergeVectorBytes);
  }
};

void check_planes(const MergeProgram& program, int64_t first, int64_t end, int64_t step) {
  if (first < 0 || first > end || end > program.planes || first % step || (end % step && end != program.planes))
    throw Error("planes " + std::to_string(first) + " to " + std::to_string(end) + " cannot be computed alone");
}

void make_program(MergeProgram* self, const Signs& signs, int64_t least_uses, int64_t most_temporaries) {
  new (self) MergeProgram(merge_pairs(matrix_of(signs), {least_uses, most_temporaries}));
}

std::vector<std::vector<int>> terms(const MergeProgram& program) {
  std::vector<std::vector<int>> lists;
  for (size_t i = 0; i + 1 < program.start.size(); ++i)
    lists.emplace_back(program.terms.begin() + program.start[i], program.terms.begin() + program.start[i + 1]);
  return lists;
}

void run_interpreted(const MergeProgram& program, const Channels& x, const Sums& y, int64_t first, int64_t end,
                     bool accumulate) {
  const Position position(program, x, y);
  check_planes(program, first, end, 1);
  const auto temporaries = allocate_aligned(static_cast<size_t>(program.temporaries * kMergeVectorBytes));
  interpret(program, position.lanes, position.channels, temporaries.get(), position.sums.data(), first, end,
            accumulate);
}

nb::dict code_of(const MergeProgram& program, const std::string& lanes, int vector_bytes, bool accumulate,
                 std::pair<int64_t, int64_t> steps) {
  const MergeCodeImage image = generate(program, options_of(lanes, vector_bytes, accumulate, steps));
  nb::list blocks;
  for (const MergeCodeImage::Block& block : image.blocks)
    blocks.append(nb::make_tuple(block.rows.first_plane, block.rows.end_plane, block.rows.first_tap,
                                 block.rows.end_tap, block.entry));
  nb::dict result;
  result["code"] = nb::bytes(image.code.data(), image.code.size());
  result["temporaries"] = image.temporaries_entry;
  result["blocks"] = blocks;
  result["loads"] = image.work.loads;
  result["stores"] = image.work.stores;
  result["additions"] = image.work.additions;
  return result;
}

// Whether the code could be executed at all. Blocks of taps that begin with one of `skipped` are left out.
bool run_code(const MergeProgram& program, const Channels& x, const Sums& y, int64_t first, int64_t end,
              int vector_bytes, bool accumulate, std::pair<int64_t, int64_t> steps, const std::vector<size_t>& skipped) {
  Position position(program, x, y);
  for (const size_t tap : skipped) position.sums.at(tap) = nullptr;
  if (best_isa() < (vector_bytes == 64 ? Isa::kAvx512 : Isa::kAvx2)) throw Error("this machine lacks such vectors");
  const auto code = MergeCode::make(program, {position.lanes, vector_bytes, accumulate, steps.first, steps.second});
  if (!code) return false;
  check_planes(program, first, end, steps.first);
  const auto temporaries = allocate_aligned(code->temporaries_bytes());
  code->run(position.channels, temporaries.get(), position.sums.data(), first, end);
  return true;
}

// How many matrices of a list have code of their own: equal ones share it.
size_t distinct_codes(const std::vector<Signs>& matrices, int vector_bytes) {
  std::vector<std::shared_ptr<const MergeCode>> held;
  std::map<const MergeCode*, int> users;
  for (const Signs& signs : matrices) {
    held.push_back(MergeCode::of(matrix_of(signs), options_of("float32", vector_bytes, true, {16, 9})));
    if (held.back()) ++users[held.back().get()];
  }
  return users.size();
}

Gp register_of(int number) {
  if (number < 0 || number > 15) throw Error("there are 16 general-purpose registers");
  return static_cast<Gp>(number);
}

using Operands = std::vector<int>;
using Instruction = std::pair<std::string, Operands>;

Memory memory_of(const Operands& a, size_t at) { return {register_of(a[at]), a[at + 1]}; }

// By name and number of operands. A memory operand is two numbers, base register and displacement.
const std::map<std::pair<std::string, size_t>, std::function<void(Assembler&, const Operands&)>>& instructions() {
  using A = Assembler;
  using O = Operands;
  static auto table = [] {
    std::map<std::pair<std::string, size_t>, std::function<void(A&, const O&)>> forms = {
        {{"load", 3}, [](A& to, const O& a) { to.load(a[0], memory_of(a, 1)); }},
        {{"store", 3}, [](A& to, const O& a) { to.store(memory_of(a, 0), a[2]); }},
        {{"zero", 1}, [](A& to, const O& a) { to.zero(a[0]); }},
        {{"broadcast", 2}, [](A& to, const O& a) { to.broadcast(a[0], static_cast<uint32_t>(a[1])); }},
        {{"vzeroupper", 0}, [](A& to, const O&) { to.zero_upper(); }},
        {{"mov", 3}, [](A& to, const O& a) { to.move(register_of(a[0]), memory_of(a, 1)); }},
        {{"lea", 3}, [](A& to, const O& a) { to.address(register_of(a[0]), memory_of(a, 1)); }},
        {{"add", 2}, [](A& to, const O& a) { to.add(register_of(a[0]), register_of(a[1])); }},
        {{"push", 1}, [](A& to, const O& a) { to.push(register_of(a[0])); }},
        {{"pop", 1}, [](A& to, const O& a) { to.pop(register_of(a[0])); }},
        {{"ret", 0}, [](A& to, const O&) { to.ret(); }},
    };
    const std::pair<const char*, VectorOp> computations[] = {{"vaddps", kAddF32},   {"vsubps", kSubF32},
                                                             {"vpaddw", kAddI16},   {"vpsubw", kSubI16},
                                                             {"vfmadd231ps", kFma}, {"vfnmadd231ps", kFmaNegated}};
    for (const auto& [name, op] : computations) {
      forms[{name, 3}] = [op = op](A& to, const O& a) { to.compute(op, a[0], a[1], a[2]); };
      forms[{name, 4}] = [op = op](A& to, const O& a) { to.compute(op, a[0], a[1], memory_of(a, 2)); };
    }
    return forms;
  }();
  return table;
}

nb::bytes assemble(int vector_bytes, const std::vector<Instruction>& list) {
  Assembler assembler(vector_bytes);
  for (const auto& [name, operands] : list) {
    const auto form = instructions().find({name, operands.size()});
    if (form == instructions().end())
      throw Error("no instruction " + name + " with " + std::to_string(operands.size()) + " operands");
    form->second(assembler, operands);
  }
  return nb::bytes(assembler.code().data(), assembler.size());
}

}  // namespace

void bind_merge(nb::module_& m) {
  using namespace nb::literals;
  m.def("assemble", assemble, "vector_bytes"_a, "instructions"_a);
  m.def("merge_budget", [](int64_t columns, int vector_bytes) {
    const MergeBudget budget = merge_budget(columns, vector_bytes);
    return std::make_tuple(budget.least_uses, budget.most_temporaries);
  });
  m.def("merge_cost", [](int64_t loads, int64_t stores, int64_t additions, size_t code_bytes, int vector_bytes,
                         int64_t positions) {
    return merge_cost({{loads, stores, additions}, code_bytes, vector_bytes, positions});
  });
  m.def("distinct_merge_codes", distinct_codes, "matrices"_a, "vector_bytes"_a);
  nb::class_<MergeProgram>(m, "MergeProgram")
      .def("__init__", make_program, "signs"_a, "least_uses"_a, "most_temporaries"_a)
      .def_ro("temporaries", &MergeProgram::temporaries)
      .def_prop_ro("additions", &MergeProgram::additions)
      .def("terms", terms)
      .def("interpret", run_interpreted, "channels"_a.noconvert(), "sums"_a.noconvert(), "first"_a, "end"_a,
           "accumulate"_a)
      .def("code", code_of, "lanes"_a, "vector_bytes"_a, "accumulate"_a, "steps"_a)
      .def("run", run_code, "channels"_a.noconvert(), "sums"_a.noconvert(), "first"_a, "end"_a, "vector_bytes"_a,
           "accumulate"_a, "steps"_a, "skipped"_a = std::vector<size_t>());
}

}  // namespace plumline
