// SPDX-License-Identifier: Apache-2.0
// The names of parameters that conditions may ask for although no event here has them yet.
#pragma once

#include <span>
#include <string_view>

#include "fields/field.h"

namespace nezuban::fields {

struct KnownArg {
  std::string_view name;
  Type raw;  // what evt.rawarg.NAME is
};

// Sorted by name. Every parameter of the events of the language.
std::span<const KnownArg> KnownArgs();

// nullptr if the language has no such parameter.
const KnownArg* FindKnownArg(std::string_view name);

}  // namespace nezuban::fields
