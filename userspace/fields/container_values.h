// SPDX-License-Identifier: Apache-2.0
// What is common to fields that the container's runtime answers: a value, or why there is none.
#pragma once

#include <string>

#include "fields/field.h"

namespace nezuban::fields {

// What a field has that the runtime did not tell: unknown as long as it still may.
inline Value NotTold(const state::Container& c) {
  return c.metadata.state == state::MetadataState::kPending ? Value(Unknown{}) : Value(Absent{});
}

inline Value TextOrNotTold(const state::Container& c, std::string_view text) {
  return text.empty() ? NotTold(c) : Value(Text(text));
}

inline Value FlagOrNotTold(const state::Container& c, std::optional<bool> flag) {
  return flag ? Value(*flag) : NotTold(c);
}

// One of the labels, Absent if there is none of that name. What was cut off where the runtime's
// answer was too long may be anything.
Value LabelOrNotTold(const state::Container& c, const std::optional<state::Labels>& labels,
                     const Argument& argument);

// "key:value, key:value", without those that begin with `without` where it is not empty.
Value LabelsOrNotTold(const FieldContext& context, const state::Container& c,
                      const std::optional<state::Labels>& labels, std::string_view without);

}  // namespace nezuban::fields
