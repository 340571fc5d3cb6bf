// SPDX-License-Identifier: Apache-2.0
// The `exceptions` of a rule as they are written.
#pragma once

#include <vector>

#include "base/diagnostics.h"
#include "ruleset/rule_file.h"
#include "ruleset/yaml.h"

namespace nezuban::ruleset {

// Shapes are checked: as many comps and values as there are fields. An entry with an error is left
// out. Values without fields stay unread.
std::vector<ExceptionItem> ReadExceptions(const YamlNode& node, Diagnostics& diagnostics);

// Adds `values`, in the shape that the fields of `item` demand. REQUIRES: it has fields.
void AddValues(ExceptionItem& item, const YamlNode& values, Diagnostics& diagnostics);

}  // namespace nezuban::ruleset
