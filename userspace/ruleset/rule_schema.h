// SPDX-License-Identifier: Apache-2.0
// What a rule file may look like, as editors and validators want it.
#pragma once

#include <string_view>

namespace nezuban::ruleset {

// A JSON Schema (draft 7) of one document of a rule file, after YAML. It refuses unknown keys, of
// which loading only warns, and knows nothing of conditions but that they are text.
std::string_view RuleFileSchema();

}  // namespace nezuban::ruleset
