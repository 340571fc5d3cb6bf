// SPDX-License-Identifier: Apache-2.0
// The joined table of all fields, and how names in conditions and outputs find their row.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "fields/field.h"

namespace nezuban::fields {

// All rows, sorted by name. Built at the first call; thread-safe.
std::span<const FieldDef* const> FieldTable();

const FieldDef* FindField(std::string_view name);

// Whether a value that is unknown now may be known soon: what is told of containers and pods, and
// what they call their users. All else an event says of itself, or never.
bool MayArrive(const FieldDef& field);

// How an argument is written after the name: "[N]", ".NAME"; empty if it takes none.
std::string_view ArgumentForm(const FieldDef& def);

// `name` with the text in brackets, if any: proc.aname + "2", evt.arg.flags, evt.arg + "flags".
// The error names the nearest field.
struct FieldError {
  std::string message;
  std::string hint;
};
tl::expected<FieldRef, FieldError> ResolveField(std::string_view name,
                                                std::optional<std::string_view> argument);

// Why a condition that asks for it will hardly do what is meant: it is always absent, or
// deprecated. nullopt: nothing to say.
std::optional<FieldError> Caveat(const FieldRef& ref);

// The field that the longest possible head of `text` names, with its argument in brackets, and the
// length of that head; nullopt if no head does.
struct FieldPrefix {
  FieldRef ref;
  std::size_t length;
};
std::optional<FieldPrefix> LongestField(std::string_view text);

}  // namespace nezuban::fields
