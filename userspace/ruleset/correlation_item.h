// SPDX-License-Identifier: Apache-2.0
// The keys `after` and `count` of a rule as they are written: conditions on more than one event.
//
//   after: {rule: NAME, within: 5s, same: [container.id]}
//   count: {at_least: 50, within: 10s, by: [container.id], distinct: fd.rip}
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/diagnostics.h"
#include "base/result.h"
#include "ruleset/source_text.h"
#include "ruleset/yaml.h"

namespace nezuban::ruleset {

// What is kept per group grows with it.
inline constexpr std::uint64_t kMostCounted = 10'000;
// How far a rule may look back.
inline constexpr std::uint64_t kLongestWindowNs = 24ULL * 3600 * 1'000'000'000;

struct AfterItem {
  SourceText rule;  // empty text: none, which takes away what an earlier definition said
  std::uint64_t within_ns = 0;
  std::vector<SourceText> same;
};

struct CountItem {
  std::uint64_t at_least = 0;  // 0: none, which takes away what an earlier definition said
  std::uint64_t within_ns = 0;
  std::vector<SourceText> by;
  std::optional<SourceText> distinct;
};

// "500ms", "5s", "10m", "1h": a whole number and its unit, at most a day; in nanoseconds.
Result<std::uint64_t> ParseDuration(std::string_view text);

// nullopt with the reasons in `diagnostics`.
std::optional<AfterItem> ReadAfter(const YamlNode& node, Diagnostics& diagnostics);
std::optional<CountItem> ReadCount(const YamlNode& node, Diagnostics& diagnostics);

}  // namespace nezuban::ruleset
