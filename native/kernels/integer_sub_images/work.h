#pragma once

#include "kernels/integer/layer.h"
#include "kernels/integer_sub_images/plan.h"

namespace plumline {

// The planes of all groups: see PlaneRows and CodeChunks.
struct CodePlanes {
  int64_t count, chunks, chunk_channels;
  const int16_t* less;               // (chunks, count)
  const int32_t* row_start;          // planes of each filter
  const int32_t* coefficient;
  const int32_t* total_coefficient;  // one a filter, or null
  int64_t band_filters;              // that are added up before others are begun
};

// The work on one band, as plain data for the files of one instruction set. Input and output are sub-images, as the plan
// cuts them; floats are row-major.
struct CodeWork {
  const Window& window;
  const CodePlan& plan;
  CodeBand band;
  CodePlanes planes;
  Codes codes;            // of the input
  IntegerFinish finish;   // begins with the group's first filter
  const uint8_t* input;
  void* output;
  std::byte* scratch;
};

}  // namespace plumline
