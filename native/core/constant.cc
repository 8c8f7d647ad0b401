#include "core/constant.h"

#include <cstring>

#include "core/aligned.h"
#include "core/error.h"

namespace plumline {

size_t size_of(DType dtype) { return dtype == DType::kUInt8 || dtype == DType::kInt8 ? 1 : 4; }

const char* name_of(DType dtype) {
  switch (dtype) {
    case DType::kFloat32: return "float32";
    case DType::kInt32: return "int32";
    case DType::kUInt32: return "uint32";
    case DType::kUInt8: return "uint8";
    case DType::kInt8: return "int8";
  }
  return "unknown";
}

namespace {

void expect_dtype(DType is, DType wanted, const char* role) {
  if (is != wanted) throw Error(std::string(role) + " must be " + name_of(wanted) + ", not " + name_of(is));
}

}  // namespace

Constant::Constant(DType dtype, Shape shape, const void* bytes)
    : dtype_(dtype), shape_(std::move(shape)), size_(checked_count(shape_)) {
  const size_t length = static_cast<size_t>(size_) * size_of(dtype);
  std::shared_ptr<std::byte> storage = allocate_aligned(length);
  if (length) std::memcpy(storage.get(), bytes, length);
  storage_ = std::move(storage);
}

const float* Constant::floats() const {
  expect_dtype(dtype_, DType::kFloat32, "tensor");
  return reinterpret_cast<const float*>(storage_.get());
}

const int32_t* Constant::ints() const {
  expect_dtype(dtype_, DType::kInt32, "tensor");
  return reinterpret_cast<const int32_t*>(storage_.get());
}

const uint32_t* Constant::words() const {
  expect_dtype(dtype_, DType::kUInt32, "tensor");
  return reinterpret_cast<const uint32_t*>(storage_.get());
}

const uint8_t* Constant::bytes() const {
  expect_dtype(dtype_, DType::kUInt8, "tensor");
  return reinterpret_cast<const uint8_t*>(storage_.get());
}

const int8_t* Constant::signed_bytes() const {
  expect_dtype(dtype_, DType::kInt8, "tensor");
  return reinterpret_cast<const int8_t*>(storage_.get());
}

void Constant::expect(DType dtype, const Shape& shape, const char* role) const {
  expect_dtype(dtype_, dtype, role);
  if (shape_ != shape) throw Error(std::string(role) + " has shape " + to_string(shape_) + ", not " + to_string(shape));
}

}  // namespace plumline
