// SPDX-License-Identifier: Apache-2.0
// The operator table: a row is everything there is to know of an operator.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "fields/field.h"
#include "filter/constant.h"
#include "filter/index_key.h"
#include "filter/matcher.h"

namespace nezuban::filter {

// What stands right of it: nothing, a number, one value, or a list of values.
enum class RightSide : std::uint8_t { kNone, kNumber, kString, kList };

using Types = std::uint32_t;               // bit Type, and kLists
inline constexpr Types kLists = 1u << 31;  // goes with fields whose value is a list, too
constexpr Types TypeBit(fields::Type type) { return 1u << static_cast<unsigned>(type); }

struct OperatorDef {
  std::string_view spelling;
  RightSide right;
  bool needs_blank;  // a word that wants a blank after it
  Types types;       // of fields it can be used with
  std::string_view doc;
  // The matcher for one constant; nullptr for operators that only know lists. May fail.
  tl::expected<MatcherPtr, std::string> (*make_one)(const Constant& constant);
  // The matcher for a whole list; nullptr: any of make_one.
  tl::expected<MatcherPtr, std::string> (*make_list)(std::span<const Constant> constants);
  // For another field on the right side; nullptr if there can be none. Both of the same type.
  Truth (*compare)(const fields::Value& left, const fields::Value& right);
  // What an index can look for in its place; nullptr: nothing.
  std::optional<IndexKey> (*key)(const Constant& constant) = nullptr;
};

// In the order the parser tries them.
std::span<const OperatorDef> OperatorTable();
const OperatorDef* FindOperator(std::string_view spelling);
std::span<const std::string_view> OperatorSpellings();

// The answer where the field is absent, unknown, or has several values. This is the one place that
// says: absent makes every comparison false, unknown makes it unknown. `all`: true only if it is
// for all of the values, else one is enough. `of_none`: the answer where there are no values.
template <typename Match>
Truth Decide(const fields::Value& value, bool all, Truth of_none, Match match) {
  if (std::holds_alternative<fields::Absent>(value)) return Truth::kFalse;
  if (std::holds_alternative<fields::Unknown>(value)) return Truth::kUnknown;
  const auto* list = std::get_if<fields::ValueList>(&value);
  if (list == nullptr) return match(value);
  bool any_value = false;
  Truth truth = all ? Truth::kTrue : Truth::kFalse;
  for (std::size_t i = 0; i < list->size; ++i) {
    const fields::Value& one = list->data[i];
    if (std::holds_alternative<fields::Absent>(one)) continue;
    any_value = true;
    const Truth t = std::holds_alternative<fields::Unknown>(one) ? Truth::kUnknown : match(one);
    truth = all ? Both(truth, t) : Either(truth, t);
  }
  return any_value ? truth : of_none;
}

}  // namespace nezuban::filter
