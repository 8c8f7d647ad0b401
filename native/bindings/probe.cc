#include "bindings/probe.h"

#include <nanobind/ndarray.h>
#include <nanobind/stl/string.h>

#include "core/error.h"
#include "kernels/probe/probe.h"

namespace nb = nanobind;

namespace plumline {
namespace {

using Numbers = nb::ndarray<const float, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

// Beyond any use, and far from where counts of operations or bytes would leave 64 bits.
constexpr int64_t kMostRounds = int64_t{1} << 40;

const ProbeKernels& kernels(const std::string& isa, int64_t rounds) {
  if (!can_run(isa_from_name(isa))) throw Error("this machine does not have the instruction set " + isa);
  if (rounds < 1 || rounds > kMostRounds) throw Error("rounds must be 1 to 2^40, not " + std::to_string(rounds));
  return probe_kernels(isa_from_name(isa));
}

int64_t multiply_adds(const std::string& isa, int64_t rounds) {
  const ProbeKernels& probe = kernels(isa, rounds);
  const nb::gil_scoped_release unlocked;
  float result;  // where the loop must leave something, or it would not have to be run
  return probe.multiply_add(rounds, &result);
}

float read(const std::string& isa, const Numbers& numbers, int64_t rounds) {
  const ProbeKernels& probe = kernels(isa, rounds);
  const nb::gil_scoped_release unlocked;
  return probe.read(numbers.data(), static_cast<int64_t>(numbers.size()), rounds);
}

}  // namespace

void bind_probe(nb::module_& module) {
  module.def("probe_multiply_adds", multiply_adds, nb::arg("isa"), nb::arg("rounds"));
  module.def("probe_read", read, nb::arg("isa"), nb::arg("numbers").noconvert(), nb::arg("rounds"));
}

}  // namespace plumline
