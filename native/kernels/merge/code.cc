#include "kernels/merge/code.h"

#include <algorithm>
#include <mutex>
#include <string>
#include <unordered_map>

namespace plumline {
namespace {

constexpr int64_t kWorkingSet = 16384;  // bytes: half of the smallest first-level cache
constexpr int64_t kLeastUses = 6;       // measured: a temporary costs about as much as that many additions

// All that the code depends on. Two matrices never share a key, whoever made them.
std::string key_of(const SignMatrix& matrix, const MergeCodeOptions& options) {
  std::string key;
  for (const int64_t part : {matrix.planes, matrix.taps, matrix.columns, static_cast<int64_t>(options.lanes),
                             static_cast<int64_t>(options.vector_bytes), static_cast<int64_t>(options.accumulate),
                             options.plane_step, options.tap_step})
    key += std::to_string(part) + " ";
  const int64_t count = matrix.rows() * matrix.columns;
  for (int64_t i = 0; i < count; i += 4) {
    unsigned packed = 0;
    for (int64_t k = i; k < std::min(i + 4, count); ++k) packed = packed * 4 + static_cast<unsigned>(matrix.signs[k] + 1);
    key += static_cast<char>(packed);
  }
  return key;
}

}  // namespace

MergeBudget merge_budget(int64_t columns, int vector_bytes) {
  const int64_t free = (kWorkingSet - columns * kMergeVectorBytes) / vector_bytes;
  return {kLeastUses, std::min(std::max<int64_t>(free, columns), kMostMergeTemporaries)};
}

std::shared_ptr<const MergeCode> MergeCode::make(const MergeProgram& program, const MergeCodeOptions& options) {
  // A term takes 6 bytes at least; the rest is checked when there is code.
  if (!code_generation_is_enabled() || program.terms.size() > kMostCodeBytes / 6) return nullptr;
  const MergeCodeImage image = generate(program, options);
  std::unique_ptr<ExecutableMemory> memory = ExecutableMemory::make(image.code);
  if (!memory) return nullptr;
  return std::shared_ptr<const MergeCode>(new MergeCode(image, program.temporaries, std::move(memory)));
}

std::shared_ptr<const MergeCode> MergeCode::of(const SignMatrix& matrix, const MergeCodeOptions& options) {
  static std::mutex mutex;
  static std::unordered_map<std::string, std::weak_ptr<const MergeCode>> made;
  if (!code_generation_is_enabled()) return nullptr;
  const std::string key = key_of(matrix, options);
  {
    const std::lock_guard<std::mutex> lock(mutex);
    const auto found = made.find(key);
    if (found != made.end())
      if (std::shared_ptr<const MergeCode> code = found->second.lock()) return code;
  }
  // Without the lock: others need not wait. Who makes the same meanwhile makes the same code once more, nothing worse.
  std::shared_ptr<const MergeCode> code =
      make(merge_pairs(matrix, merge_budget(matrix.columns, options.vector_bytes)), options);
  if (!code) return nullptr;
  const std::lock_guard<std::mutex> lock(mutex);
  for (auto entry = made.begin(); entry != made.end();)
    entry = entry->second.expired() ? made.erase(entry) : std::next(entry);
  made[key] = code;
  return code;
}

MergeCode::MergeCode(const MergeCodeImage& image, int64_t temporaries, std::unique_ptr<ExecutableMemory> memory)
    : options_(image.options),
      temporaries_bytes_(static_cast<size_t>(temporaries * image.options.vector_bytes)),
      code_bytes_(image.code.size()),
      work_(image.work),
      memory_(std::move(memory)),
      temporaries_(memory_->entry<Entry>(image.temporaries_entry)) {
  for (size_t i = 0; i < image.blocks.size(); ++i) {
    const size_t begin = image.blocks[i].entry;
    const size_t end = i + 1 < image.blocks.size() ? image.blocks[i + 1].entry : image.code.size();
    blocks_.push_back({image.blocks[i].rows, memory_->entry<Entry>(begin), {memory_->at(begin), memory_->at(end)}});
  }
}

CodeRange MergeCode::range(int64_t first, int64_t end) const {
  CodeRange range{nullptr, nullptr};
  for (const Block& block : blocks_) {
    if (block.rows.first_plane < first || block.rows.end_plane > end) continue;
    if (!range.begin) range.begin = block.range.begin;
    range.end = block.range.end;
  }
  return range;
}

void MergeCode::run(const std::byte* channels, std::byte* temporaries, std::byte* const* sums, int64_t first,
                    int64_t end) const {
  for (int64_t offset = 0; offset < kMergeVectorBytes; offset += options_.vector_bytes) {
    temporaries_(channels, temporaries, sums, offset);
    for (const Block& block : blocks_)
      if (block.rows.first_plane >= first && block.rows.end_plane <= end && sums[block.rows.first_tap])
        block.entry(channels, temporaries, sums, offset);
  }
}

MergeCall call_of(int64_t first_channel, const MergeCode* code) {
  return {first_channel, code,
          [](const void* called, const std::byte* channels, std::byte* temporaries, std::byte* const* sums,
             int64_t first, int64_t end) {
            static_cast<const MergeCode*>(called)->run(channels, temporaries, sums, first, end);
          },
          [](const void* called, int64_t first, int64_t end) {
            return called ? static_cast<const MergeCode*>(called)->range(first, end) : CodeRange{nullptr, nullptr};
          }};
}

}  // namespace plumline
