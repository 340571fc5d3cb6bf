// SPDX-License-Identifier: Apache-2.0
// Value: what a field gives for an event: absent, unknown, or a value.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <variant>

namespace nezuban::fields {

// The event has no such thing. Every comparison is false.
struct Absent {
  bool operator==(const Absent&) const = default;
};

// There may be one, but it is not known: not there yet, or lost. A comparison is "possible".
struct Unknown {
  bool operator==(const Unknown&) const = default;
};

// Bytes, and how many there were at the source: total > bytes.size() means truncated.
struct Text {
  // A total that says: longer than bytes, nobody knows by how much.
  static constexpr std::uint32_t kTotalUnknown = 0xffffffffU;

  std::string_view bytes;
  std::uint32_t total = 0;
  Text() = default;
  Text(std::string_view b) : bytes(b), total(static_cast<std::uint32_t>(b.size())) {}  // NOLINT
  Text(std::string_view b, std::uint32_t t) : bytes(b), total(t) {}
  bool truncated() const { return total > bytes.size(); }
};

// An address; IPv4-mapped IPv6 is held as IPv4.
struct IpAddress {
  bool v4 = true;
  std::array<std::uint8_t, 16> bytes{};  // network order; IPv4 in the first four
  bool operator==(const IpAddress&) const = default;
};

struct Value;

// Several values of one type. Borrowed from the evaluation's arena.
struct ValueList {
  const Value* data = nullptr;
  std::size_t size = 0;
};

struct Value : std::variant<Absent, Unknown, bool, std::int64_t, Text, IpAddress, ValueList> {
  using variant::variant;
  Value(std::string_view text) : variant(Text(text)) {}               // NOLINT: the common case
  Value(const char* text) : variant(Text(std::string_view(text))) {}  // NOLINT
};

}  // namespace nezuban::fields
