#include "bindings/sizes.h"

#include <nanobind/ndarray.h>

#include <vector>

#include "core/error.h"
#include "kernels/integer_sub_images/planes.h"
#include "kernels/integer_tables/integer_tables.h"
#include "kernels/merge_conv/programs.h"
#include "kernels/shared_tables/shared_tables.h"

namespace nb = nanobind;

namespace plumline {
namespace {

using Signs = nb::ndarray<const int8_t, nb::ndim<3>, nb::c_contig, nb::device::cpu>;

// Channels of a chunk of sums in int16, for rows of signs (planes, channels, taps) and codes that span so many numbers;
// 0 where there is no such way.
int64_t code_chunk(const Signs& signs, int32_t span) {
  const auto size = [&](size_t axis) { return static_cast<int64_t>(signs.shape(axis)); };
  const Taps taps = {1, size(1), size(2), size(2)};
  if (size(0) == 0 || taps.channels == 0 || taps.taps == 0 || span < 0 || span > 255)
    throw Error("code_chunk takes (planes, channels, taps) and a span of 0 to 255");
  PlaneRows rows;
  rows.coefficient.assign(signs.shape(0), 1);
  rows.signs = [&](int64_t plane, const std::vector<int64_t>& columns, int8_t* to) {
    for (const int64_t k : columns) *to++ = signs.data()[plane * taps.channels * taps.taps + k];
  };
  const CodeChunks chunks(rows, taps, {false, 0, 0, span});
  return chunks.count ? chunks.channels : 0;
}

}  // namespace

void bind_sizes(nb::module_& m) {
  using namespace nb::literals;
  m.attr("MERGE_CHUNK") = kMergeChunk;
  m.attr("SHARED_TABLES_CHUNK") = kChunkChannels;
  m.def("shared_table_bits", shared_table_bits, "channels"_a, "taps"_a, "planes"_a);
  m.def("code_chunk", code_chunk, "signs"_a, "span"_a);
  m.def("integer_table_bits", integer_table_bits, "chunk"_a, "planes"_a, "taps"_a);
}

}  // namespace plumline
