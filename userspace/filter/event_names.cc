// SPDX-License-Identifier: Apache-2.0
#include "filter/event_names.h"

#include "base/check.h"
#include "filter/test.h"

namespace nezuban::filter {
namespace {

// The names of events of these types; 0: of all.
EventNames NamesOf(std::uint64_t types) {
  if (types == 0) return AllEventNames();
  EventNames names;
  for (std::size_t bit = 0; bit < names.size(); ++bit) {
    if (AllEventNames()[bit] && (types >> (bit / 8) & 1) != 0) names.set(bit);
  }
  return names;
}

}  // namespace

const EventNames& AllEventNames() {
  static const EventNames kAll = [] {
    EventNames all;
    for (event::EventType type = 0; type < NR_EVENTS; ++type) {
      for (std::uint8_t variant = 0; !event::NameOf(type, variant).empty(); ++variant) {
        CHECK(variant < 8);
        all.set(EventNameBit(type, variant));
      }
    }
    return all;
  }();
  return kAll;
}

EventSplit SplitEvents(const Test& test) {
  const fields::FieldRef* field = test.left.field();
  if (field == nullptr) return {AllEventNames(), AllEventNames()};
  if (field->def->type != fields::Type::kEventName || test.right) {
    // Where the field is absent, the comparison is false.
    return {NamesOf(field->def->events), AllEventNames()};
  }
  EventSplit split;
  for (std::size_t bit = 0; bit < split.can_be_true.size(); ++bit) {
    if (!AllEventNames()[bit]) continue;
    const fields::Value name =
        event::NameOf(static_cast<event::EventType>(bit / 8), static_cast<std::uint8_t>(bit % 8));
    const bool yes = test.matcher == nullptr || test.matcher->Match(name) == Truth::kTrue;
    (yes ? split.can_be_true : split.can_be_false).set(bit);
  }
  return split;
}

}  // namespace nezuban::filter
