// SPDX-License-Identifier: Apache-2.0
#include "fields/arena.h"

#include <charconv>
#include <cstring>
#include <new>

namespace nezuban::fields {

std::span<char> Arena::Bytes(std::size_t size) {
  if (size == 0) return {};
  return {static_cast<char*>(memory_.allocate(size, 1)), size};
}

std::string_view Arena::Concat(std::initializer_list<std::string_view> parts) {
  std::size_t size = 0;
  for (std::string_view part : parts) size += part.size();
  const std::span<char> bytes = Bytes(size);
  std::size_t at = 0;
  for (std::string_view part : parts) {
    if (part.empty()) continue;
    std::memcpy(bytes.data() + at, part.data(), part.size());
    at += part.size();
  }
  return {bytes.data(), size};
}

std::string_view Arena::Number(std::int64_t number) {
  const std::span<char> bytes = Bytes(20);
  const auto end = std::to_chars(bytes.data(), bytes.data() + bytes.size(), number);
  return {bytes.data(), static_cast<std::size_t>(end.ptr - bytes.data())};
}

std::span<Value> Arena::Values(std::size_t size) {
  if (size == 0) return {};
  auto* values = static_cast<Value*>(memory_.allocate(size * sizeof(Value), alignof(Value)));
  for (std::size_t i = 0; i < size; ++i) new (values + i) Value(Absent{});
  return {values, size};
}

}  // namespace nezuban::fields
