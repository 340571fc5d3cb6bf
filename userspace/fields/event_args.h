// SPDX-License-Identifier: Apache-2.0
// The parameters of events: what evt.arg.NAME, evt.arg[N], evt.rawarg.NAME and evt.args give.
#pragma once

#include <span>
#include <string_view>

#include "fields/field.h"

namespace nezuban::fields {

// One parameter. A parameter is a field of one event; its position among the rows of that event is
// its index.
struct EventArg {
  int event;           // EVENT_*
  std::uint8_t names;  // bit v: the event's variant v has it
  std::string_view name;
  Value (*get)(const FieldContext& context);
  // evt.rawarg: what stands behind the printed form. nullptr: `get` gives that already.
  Value (*raw)(const FieldContext& context) = nullptr;
};

std::span<const EventArg> EventArgs();

// True if some event has a parameter of that name.
bool IsEventArg(std::string_view name);

// The parameter `argument` of this event; Absent if it has none of that name or index.
Value EventArgValue(const FieldContext& context, const Argument& argument);

// The parameter `argument.key` as the number or text it is, of the type that FindKnownArg tells of
// its name (one that is not there: text). Absent if the event has none of that name.
Value EventArgRaw(const FieldContext& context, const Argument& argument);

// "name=value name=value", unknown ones as <NA>.
std::string_view EventArgsText(const FieldContext& context);

}  // namespace nezuban::fields
