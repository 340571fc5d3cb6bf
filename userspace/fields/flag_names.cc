// SPDX-License-Identifier: Apache-2.0
#include "fields/flag_names.h"

namespace nezuban::fields {

void AddName(std::string& text, std::string_view name) {
  if (!text.empty()) text += '|';
  text += name;
}

void AddNames(std::string& text, std::uint64_t flags, std::span<const FlagName> names) {
  for (const FlagName& flag : names)
    if ((flags & flag.bits) == flag.bits) AddName(text, flag.name);
}

std::string_view FlagNames(std::uint64_t flags, std::span<const FlagName> names, Arena& arena) {
  std::string text;
  AddNames(text, flags, names);
  return text.empty() ? std::string_view("0") : arena.Copy(text);
}

std::int64_t FlagNumber(std::uint64_t flags, std::span<const FlagName> names) {
  std::int64_t number = 0;
  for (const FlagName& flag : names)
    if ((flags & flag.bits) == flag.bits) number |= flag.number;
  return number;
}

}  // namespace nezuban::fields
