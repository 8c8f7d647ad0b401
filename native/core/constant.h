#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "core/shape.h"

namespace plumline {

enum class DType { kFloat32, kInt32, kUInt32, kUInt8, kInt8 };
size_t size_of(DType dtype);
const char* name_of(DType dtype);

// A read-only tensor of the program file. The bytes are 64-byte aligned, owned by the program, and exactly
// count(shape) * size_of(dtype) long.
class Constant {
 public:
  Constant(DType dtype, Shape shape, const void* bytes);  // copies

  DType dtype() const { return dtype_; }
  const Shape& shape() const { return shape_; }
  int64_t size() const { return size_; }

  // Throw Error when the tensor is of another type; `expect` throws when it has another shape, naming `role`.
  const float* floats() const;
  const int32_t* ints() const;
  const uint32_t* words() const;
  const uint8_t* bytes() const;
  const int8_t* signed_bytes() const;
  void expect(DType dtype, const Shape& shape, const char* role) const;

 private:
  DType dtype_;
  Shape shape_;
  int64_t size_;
  std::shared_ptr<const std::byte> storage_;
};

}  // namespace plumline
