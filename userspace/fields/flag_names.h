// SPDX-License-Identifier: Apache-2.0
// Words of flags: their names and the numbers that rules know them by.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "fields/arena.h"

namespace nezuban::fields {

struct FlagName {
  std::uint64_t bits;  // of the kernel's word; all of them must be set
  std::string_view name;
  std::uint32_t number = 0;  // the language's own bit, where the parameter has such (FlagNumber)
};

// Appends "|" where text has something already, and name.
void AddName(std::string& text, std::string_view name);

// AddName for each row whose bits are set, in the table's order.
void AddNames(std::string& text, std::uint64_t flags, std::span<const FlagName> names);

// The same by itself; "0" where none is set. Bits without a row are left out.
std::string_view FlagNames(std::uint64_t flags, std::span<const FlagName> names, Arena& arena);

// The numbers of the rows whose bits are set, in one.
std::int64_t FlagNumber(std::uint64_t flags, std::span<const FlagName> names);

}  // namespace nezuban::fields
