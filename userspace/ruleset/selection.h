// SPDX-License-Identifier: Apache-2.0
// Which rules are on, as the configuration says: entries applied in order, each of which enables or
// disables rules by name or by tag.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostics.h"
#include "base/result.h"

namespace nezuban::ruleset {

struct Rule;

struct Selection {
  enum class By { kRule, kTag };
  bool enable = true;
  By by = By::kRule;
  std::string what;  // a tag, or the name of rules; `*` in a name stands for any characters
};

// "disable.rule=Terminal*", or as YAML {disable: {rule: "Terminal*"}}.
Result<Selection> ParseSelection(std::string_view text);

// Turns rules on and off. A warning for an entry that no rule answers to.
void Select(std::span<const Selection> selections, std::span<Rule> rules, Diagnostics& diagnostics);

}  // namespace nezuban::ruleset
