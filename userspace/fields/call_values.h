// SPDX-License-Identifier: Apache-2.0
// Values that the parameters of call_record's events have in common.
#pragma once

#include "fields/event_facts.h"
#include "fields/kernel_names.h"

namespace nezuban::fields {

inline const call_record& Call(const FieldContext& c) { return As<call_record>(c); }

// Argument I as a number of 32 bits with a sign.
template <int I>
Value Int(const FieldContext& c) {
  return std::int64_t{static_cast<std::int32_t>(Call(c).arg[I])};
}

// Argument I as it is.
template <int I>
Value Word(const FieldContext& c) {
  return static_cast<std::int64_t>(Call(c).arg[I]);
}

// Argument I as a number of 32 bits without a sign.
template <int I>
Value Bits(const FieldContext& c) {
  return std::int64_t{static_cast<std::uint32_t>(Call(c).arg[I])};
}

// What the kernel was found to know, number I.
template <int I>
Value Known(const FieldContext& c) {
  return static_cast<std::int64_t>(Call(c).known[I]);
}

// An id of a user or group; see IdName.
template <int I>
Value Id(const FieldContext& c) {
  return IdName(static_cast<std::uint32_t>(Call(c).arg[I]), c.arena);
}

// String I; Unknown where it could not be read.
template <int I>
Value CallText(const FieldContext& c) {
  return FromText(c.event.event.String(Call(c).text[I]));
}

// Argument I through a table of flags.
template <int I, std::string_view (*names)(std::uint64_t, Arena&)>
Value Flags(const FieldContext& c) {
  return names(static_cast<std::uint32_t>(Call(c).arg[I]), c.arena);
}

// Argument I through a table of numbers.
template <int I, std::string_view (*name)(std::int64_t, Arena&)>
Value Named(const FieldContext& c) {
  return name(static_cast<std::int32_t>(Call(c).arg[I]), c.arena);
}

// Pid of the process acted on, in the initial pid namespace; Unknown where it was not found.
inline Value TargetPid(const FieldContext& c) {
  return Call(c).target_tgid == 0 ? Value(Unknown{}) : Value(std::int64_t{Call(c).target_tgid});
}

}  // namespace nezuban::fields
