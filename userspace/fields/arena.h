// SPDX-License-Identifier: Apache-2.0
// Arena: the memory of one evaluation. What getters compute lives here until the next Reset.
#pragma once

#include <array>
#include <cstddef>
#include <initializer_list>
#include <memory>
#include <memory_resource>
#include <span>
#include <string_view>

#include "fields/value.h"

namespace nezuban::fields {

// Bump allocator. Its first 64 KiB are taken once; an event that needs more allocates, and Reset
// gives that back. One thread.
class Arena {
 public:
  Arena() : first_(std::make_unique<First>()), memory_(first_->data(), first_->size()) {}

  // `size` bytes, uninitialised, valid until Reset.
  std::span<char> Bytes(std::size_t size);

  // The parts one after the other.
  std::string_view Concat(std::initializer_list<std::string_view> parts);

  std::string_view Copy(std::string_view text) { return Concat({text}); }

  // Decimal digits.
  std::string_view Number(std::int64_t number);

  // A list of `size` values, all Absent.
  std::span<Value> Values(std::size_t size);

  void Reset() { memory_.release(); }

 private:
  using First = std::array<std::byte, 64 * 1024>;
  std::unique_ptr<First> first_;
  std::pmr::monotonic_buffer_resource memory_;
};

}  // namespace nezuban::fields
