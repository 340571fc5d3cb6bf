// SPDX-License-Identifier: Apache-2.0
// What the parameters of events are, by their names; also of those that no event here has yet.
#pragma once

#include <span>
#include <string_view>

#include "fields/field.h"

namespace nezuban::fields {

struct KnownArg {
  std::string_view name;
  Type raw;  // what evt.rawarg.NAME is
};

// Sorted by name. Every parameter of the events of the language, and those of ours that are
// numbers.
std::span<const KnownArg> KnownArgs();

// nullptr if the language has no such parameter.
const KnownArg* FindKnownArg(std::string_view name);

}  // namespace nezuban::fields
