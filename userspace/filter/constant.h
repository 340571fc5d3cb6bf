// SPDX-License-Identifier: Apache-2.0
// Constant: a literal of a condition, converted to the type of the field it is compared with.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <variant>

#include "fields/field.h"

namespace nezuban::filter {

struct Network {
  fields::IpAddress address;  // bits after `bits` are zero
  int bits = 0;
  bool Contains(const fields::IpAddress& ip) const;
  // Makes the bits of `address` after `bits` zero.
  void MaskHostBits();
};

// Of evt.around: how far away is near enough.
struct Within {
  std::int64_t ms = 0;
};

using Constant = std::variant<bool, std::int64_t, std::string, fields::IpAddress, Network, Within>;

// For people, and to tell constants of one type apart.
std::string ToString(const Constant& constant);

// The error says what is wrong with the literal: "'abc' is not a number".
tl::expected<Constant, std::string> ToConstant(fields::Type type, std::string_view literal);

// True for the names of our events, of every Linux system call, and of the other events of the
// language.
bool IsEventName(std::string_view name);

}  // namespace nezuban::filter
