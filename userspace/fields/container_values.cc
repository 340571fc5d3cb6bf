// SPDX-License-Identifier: Apache-2.0
#include "fields/container_values.h"

#include <algorithm>

namespace nezuban::fields {

Value LabelOrNotTold(const state::Container& c, const std::optional<state::Labels>& labels,
                     const Argument& argument) {
  if (!labels) return NotTold(c);
  const std::string key =
      argument.kind == Argument::Kind::kIndex ? std::to_string(argument.index) : argument.key;
  const auto at = std::ranges::find(*labels, key, &state::Labels::value_type::first);
  return at == labels->end() ? Value(Absent{}) : Value(Text(at->second));
}

Value LabelsOrNotTold(const FieldContext& context, const state::Container& c,
                      const std::optional<state::Labels>& labels, std::string_view without) {
  if (!labels) return NotTold(c);
  std::string joined;
  for (const auto& [key, value] : *labels) {
    if (!without.empty() && key.starts_with(without)) continue;
    if (!joined.empty()) joined += ", ";
    joined += key;
    joined += ':';
    joined += value;
  }
  return context.arena.Copy(joined);
}

}  // namespace nezuban::fields
