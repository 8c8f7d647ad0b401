#include "kernels/integer_sub_images/method.h"

#include <algorithm>
#include <limits>

#include "core/aligned.h"

namespace plumline {
namespace {

// The sums of a band should stay in the second-level cache beside what adds them up; each band reads the input again, and
// makes its tables again.
constexpr int64_t kBandPlanes = 512;
constexpr double kSumsBytes = 640 * 1024;

Images input_of(const Window& window) {
  return {window.batch, window.groups * window.channels, window.height, window.width};
}

Images output_of(const Window& window) {
  return {window.batch, window.groups * window.filters, window.out_height, window.out_width};
}

size_t bytes_of(const SubImages& cut, int64_t channels) { return align_up(static_cast<size_t>(cut.size(channels))); }

}  // namespace

SubImageMethod::SubImageMethod(const IntegerLayer& layer, PlaneRows rows, const Taps& taps, int64_t plane_step, Isa isa)
    : taps_(taps),
      filters_(layer.filters / taps.groups),
      input_(layer.input),
      rows_(std::move(rows)),
      chunks_(taps.taps <= kMostCodeTaps ? CodeChunks(rows_, taps, layer.input) : CodeChunks()),
      bias_(layer.bias),
      multiplier_(layer.multiplier),
      offset_(layer.offset),
      output_(layer.output),
      to_float_(layer.to_float),
      images_(code_images_kernels(isa)),
      plane_step_(plane_step),
      filter_step_(filters_) {
  for (int64_t group = 0; group < taps.groups; ++group)
    most_planes_ = std::max<int64_t>(most_planes_, first_plane(group + 1) - first_plane(group));
  const std::vector<int32_t>& start = rows_.row_start;
  const int64_t each = start[1];
  bool even = each > 0 && plane_step % each == 0;
  for (size_t m = 0; m < start.size(); ++m) even = even && start[m] == static_cast<int64_t>(m) * each;
  if (even) filter_step_ = std::min(filters_, plane_step / each);
  // Sums have begun with what is in the middle of their range taken off.
  for (size_t m = 0; m < bias_.size() && chunks_.count > 0; ++m) {
    auto bias = static_cast<uint32_t>(bias_[m]);
    for (int32_t plane = start[m]; plane < start[m + 1]; ++plane)
      bias += static_cast<uint32_t>(rows_.coefficient[static_cast<size_t>(plane)]) *
              static_cast<uint32_t>(chunks_.middle[static_cast<size_t>(plane)]);
    bias_[m] = static_cast<int32_t>(bias);
  }
}

int64_t SubImageMethod::band_filters(int64_t band_planes) const {
  return filter_step_ == filters_ ? filters_ : band_planes / plane_step_ * filter_step_;
}

// As many planes in a band as leave their sums in the second-level cache.
CodeNeeds SubImageMethod::needs(const Window& window) const {
  CodeNeeds needs = {most_planes_,  most_planes_,  chunks_.count,
                     chunks_.channels, adder_bytes(), !rows_.total_coefficient.empty()};
  if (filter_step_ == filters_) return needs;
  const double positions = static_cast<double>(window.pixels()) / static_cast<double>(kCodeSubImages);
  const double bytes = positions * kPositionBytes * (chunks_.count > 1 ? 4 : 1.5);
  const int64_t room = static_cast<int64_t>(std::min<double>(kBandPlanes, kSumsBytes / bytes));
  needs.band_planes = std::min(needs.planes, std::max(plane_step_, room / plane_step_ * plane_step_));
  return needs;
}

double SubImageMethod::cost_around(const Window& window) const {
  if (chunks_.count == 0 || !can_plan(window, needs(window))) return std::numeric_limits<double>::infinity();
  return code_plan_cost(window, CodePlan(window, needs(window)), needs(window));
}

bool SubImageMethod::takes_sub_images(const Window& window) const {
  return input_is_cut_so(window, CodePlan(window, needs(window)));
}

bool SubImageMethod::makes_sub_images(const Window& window) const {
  return !to_float_ && output_is_cut_so(window, CodePlan(window, needs(window)));
}

// A worker's, lines to convert, then the images that are cut here. Whether they are is not known yet.
size_t SubImageMethod::scratch_bytes(const Window& window, int threads) const {
  const CodePlan plan(window, needs(window));
  const size_t lines = static_cast<size_t>(std::max(code_line_bytes(plan.input_cut()), code_line_bytes(plan.cut)));
  return static_cast<size_t>(threads) * align_up(std::max(plan.worker_bytes(), lines)) +
         bytes_of(plan.input_cut(), input_of(window).channels) + bytes_of(plan.cut, output_of(window).channels);
}

void SubImageMethod::run(const Window& window, const uint8_t* input, void* output, std::byte* scratch,
                         ThreadPool& pool) const {
  const CodePlan plan(window, needs(window));
  const SubImages in_cut = plan.input_cut(), out_cut = plan.cut;
  const Images in = input_of(window), out = output_of(window);
  const size_t lines = static_cast<size_t>(std::max(code_line_bytes(in_cut), code_line_bytes(out_cut)));
  const size_t worker_bytes = align_up(std::max(plan.worker_bytes(), lines));
  std::byte* images = scratch + static_cast<size_t>(pool.threads()) * worker_bytes;
  const auto lines_of = [&](int worker) {
    return reinterpret_cast<uint8_t*>(scratch + static_cast<size_t>(worker) * worker_bytes);
  };
  if (!window.input_sub_images) {
    uint8_t* cut = reinterpret_cast<uint8_t*>(images);
    pool.parallel_for(in_cut.blocks * in_cut.height, [&](int64_t index, int worker) {
      images_.to_sub_images(in, in_cut, index / in_cut.height, index % in_cut.height, input, cut, lines_of(worker));
    });
    input = cut;
  }
  const bool assembles = !to_float_ && !window.output_sub_images;
  uint8_t* made = assembles ? reinterpret_cast<uint8_t*>(images) + bytes_of(in_cut, in.channels)
                            : static_cast<uint8_t*>(output);

  const int64_t units = out_cut.blocks * window.groups, steps = (filters_ + filter_step_ - 1) / filter_step_;
  // Each band reads the input again, which costs less than a thread that waits.
  const int64_t wanted = units >= 4 * pool.threads() ? 1 : (2 * pool.threads() + units - 1) / units;
  const int64_t splits = pool.threads() == 1 ? 1 : std::min(steps, wanted);
  pool.parallel_for(units * splits, [&](int64_t index, int worker) {
    const int64_t unit = index / splits, split = index % splits;
    const int64_t block = unit / window.groups, group = unit % window.groups, m = group * filters_;
    const CodeBand band = {block, group, steps * split / splits * filter_step_,
                           std::min(filters_, steps * (split + 1) / splits * filter_step_)};
    const CodePlanes planes = {rows_.planes(),
                               chunks_.count,
                               chunks_.channels,
                               chunks_.less.data(),
                               rows_.row_start.data(),
                               rows_.coefficient.data(),
                               rows_.total_coefficient.empty() ? nullptr : rows_.total_coefficient.data(),
                               band_filters(plan.band_planes)};
    const IntegerFinish finish = {bias_.data() + m, multiplier_.data() + m, offset_.data() + m, output_, to_float_};
    const int64_t made_block = to_float_ ? 0 : block * out_cut.block_size(out.channels);
    run_band({window, plan, band, planes, input_, finish,
              input + block * in_cut.block_size(in.channels) + group * window.channels * kCodeSubImages,
              made + made_block, scratch + static_cast<size_t>(worker) * worker_bytes});
  });

  if (assembles)
    pool.parallel_for(out_cut.blocks * out_cut.height, [&](int64_t index, int worker) {
      images_.to_images(out, out_cut, index / out_cut.height, index % out_cut.height, made,
                        static_cast<uint8_t*>(output), lines_of(worker));
    });
}

}  // namespace plumline
