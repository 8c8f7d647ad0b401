#pragma once

#include "kernels/code_images/code_images.h"
#include "kernels/integer/method.h"
#include "kernels/integer_sub_images/planes.h"
#include "kernels/integer_sub_images/work.h"

namespace plumline {

// A convolution on sub-images of codes: all but what adds up the planes at a position. Images that are not held so are
// cut first, and put together again in the end.
class SubImageMethod : public IntegerMethod {
 public:
  bool takes_sub_images(const Window& window) const override;
  bool makes_sub_images(const Window& window) const override;
  size_t scratch_bytes(const Window& window, int threads) const override;
  void run(const Window& window, const uint8_t* input, void* output, std::byte* scratch,
           ThreadPool& pool) const override;

 protected:
  // Bands begin at multiples of `plane_step` planes; where filters have different numbers of planes, there is one band.
  SubImageMethod(const IntegerLayer& layer, PlaneRows rows, const Taps& taps, int64_t plane_step, Isa isa);

  // Adds up a band.
  virtual void run_band(const CodeWork& work) const = 0;
  // Bytes that an adder needs for itself.
  virtual int64_t adder_bytes() const = 0;

  // Estimated cycles for all but the adding; infinite where there is no plan.
  double cost_around(const Window& window) const;
  CodeNeeds needs(const Window& window) const;
  int64_t first_plane(int64_t group) const { return rows_.row_start[static_cast<size_t>(group * filters_)]; }
  int64_t most_planes() const { return most_planes_; }  // of a group

  const Taps taps_;
  const int64_t filters_;  // of a group
  const Codes input_;
  PlaneRows rows_;
  const CodeChunks chunks_;

 private:
  int64_t band_filters(int64_t band_planes) const;

  std::vector<int32_t> bias_;
  std::vector<float> multiplier_, offset_;
  Codes output_;
  bool to_float_;
  const CodeImagesKernels& images_;
  int64_t plane_step_;
  int64_t filter_step_;
  int64_t most_planes_ = 0;
};

}  // namespace plumline
