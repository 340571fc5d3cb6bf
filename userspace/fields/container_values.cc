// SPDX-License-Identifier: Apache-2.0
#include "fields/container_values.h"

#include <algorithm>

namespace nezuban::fields {
namespace {

Text ValueOf(const state::Label& label) {
  return label.whole ? Text(label.value) : Text(label.value, Text::kTotalUnknown);
}

}  // namespace

Value LabelOrNotTold(const state::Container& c, const std::optional<state::Labels>& labels,
                     const Argument& argument) {
  if (!labels) return NotTold(c);
  const std::string key =
      argument.kind == Argument::Kind::kIndex ? std::to_string(argument.index) : argument.key;
  const auto at = std::ranges::find(labels->list, key, &state::Label::key);
  if (at != labels->list.end()) return ValueOf(*at);
  return labels->whole ? Value(Absent{}) : Value(Unknown{});
}

Value LabelsOrNotTold(const FieldContext& context, const state::Container& c,
                      const std::optional<state::Labels>& labels, std::string_view without) {
  if (!labels) return NotTold(c);
  std::string joined;
  bool whole = labels->whole;
  for (const state::Label& label : labels->list) {
    if (!without.empty() && label.key.starts_with(without)) continue;
    if (!joined.empty()) joined += ", ";
    joined += label.key;
    joined += ':';
    joined += label.value;
    if (label.whole) continue;
    whole = false;  // what comes after it is at a place that nobody knows
    break;
  }
  const std::string_view text = context.arena.Copy(joined);
  return whole ? Text(text) : Text(text, Text::kTotalUnknown);
}

}  // namespace nezuban::fields
