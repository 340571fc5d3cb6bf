// SPDX-License-Identifier: Apache-2.0
// Any number of rules like those people write: a few shapes, each with values of its own.
#pragma once

#include <string>
#include <string_view>

namespace nezuban::bench {

// Which events the rules are for.
enum class Kind { kExec, kOpen, kConnect };

// A rule file with `count` rules, the macros and lists they share, and one exception for each
// third. Rule 0 matches what MatchingEvents of the bench do.
std::string VariedRules(Kind kind, int count);

}  // namespace nezuban::bench
