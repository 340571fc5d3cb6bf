// SPDX-License-Identifier: Apache-2.0
// OwnedRecord: a copy of a record's bytes, where Decode can read them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "bpf/events.h"

namespace nezuban::event {

// 8-byte aligned. What bytes() and header() give is valid until the next Assign.
class OwnedRecord {
 public:
  OwnedRecord() = default;
  explicit OwnedRecord(std::span<const std::byte> bytes) { Assign(bytes); }

  // Keeps the room it has.
  void Assign(std::span<const std::byte> bytes) {
    words_.assign((bytes.size() + 7) / 8, 0);
    if (!bytes.empty()) std::memcpy(words_.data(), bytes.data(), bytes.size());
    size_ = bytes.size();
  }

  std::span<const std::byte> bytes() const { return std::as_bytes(std::span(words_)).first(size_); }

  // Unchecked, as the record itself may be; nullptr if there are too few bytes for one.
  record_header* header() {
    return size_ < sizeof(record_header) ? nullptr
                                         : reinterpret_cast<record_header*>(words_.data());
  }

 private:
  std::vector<std::uint64_t> words_;
  std::size_t size_ = 0;
};

}  // namespace nezuban::event
