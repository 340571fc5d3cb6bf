// SPDX-License-Identifier: Apache-2.0
// The parameters of events: what evt.arg.NAME, evt.arg[N] and evt.args give.
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
};

std::span<const EventArg> EventArgs();

// True if some event has a parameter of that name.
bool IsEventArg(std::string_view name);

// The parameter `argument` of this event; Absent if it has none of that name or index.
Value EventArgValue(const FieldContext& context, const Argument& argument);

// "name=value name=value", unknown ones as <NA>.
std::string_view EventArgsText(const FieldContext& context);

}  // namespace nezuban::fields
