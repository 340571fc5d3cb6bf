// SPDX-License-Identifier: Apache-2.0
// A sum over numbers and texts, in order: what a column is taken for if a bit of it is another.
#pragma once

#include <zlib.h>

#include <array>
#include <cstdint>
#include <string_view>

namespace nezuban::store {

// Its values are in files: never changed.
class Checksum {
 public:
  Checksum& Add(std::int64_t number) {
    std::array<Bytef, 8> bytes;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      bytes[i] = static_cast<Bytef>(static_cast<std::uint64_t>(number) >> (8 * i));
    }
    sum_ = crc32(sum_, bytes.data(), static_cast<uInt>(bytes.size()));
    return *this;
  }
  // Without its length.
  Checksum& Add(std::string_view text) {
    // Not with a null pointer: that would begin a new sum.
    if (!text.empty()) {
      sum_ = crc32_z(sum_, reinterpret_cast<const Bytef*>(text.data()), text.size());
    }
    return *this;
  }
  Checksum& AddWithLength(std::string_view text) {
    return Add(static_cast<std::int64_t>(text.size())).Add(text);
  }
  std::int64_t value() const { return static_cast<std::int64_t>(sum_); }

 private:
  uLong sum_ = crc32(0, nullptr, 0);
};

}  // namespace nezuban::store
