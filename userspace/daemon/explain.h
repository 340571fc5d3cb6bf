// SPDX-License-Identifier: Apache-2.0
// Looks for the events of a recording that a rule is asked of, and explains one of them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "recording/reader.h"
#include "ruleset/explain.h"
#include "ruleset/ruleset.h"

namespace nezuban::daemon {

struct ExplainedRecording {
  std::uint64_t events = 0;  // in it
  std::uint64_t asked = 0;   // of these the rule is asked
  std::uint64_t matches = 0;
  // Matches that fired; all of them, if the rule looks at one event alone.
  std::uint64_t fired = 0;
  std::vector<std::uint64_t> first_matches;  // numbers of the first that fired; else of the matches
  // The event that is explained: the one asked for; else the first that fired; else the first
  // match; else the nearest miss.
  struct Event {
    std::uint64_t number = 0;  // from 1, in the order of the recording
    std::string what;          // "execve by bash (4711) at 2026-…"
    bool asked = false;        // the rule is asked of events of its kind
    ruleset::Explanation explanation;
  };
  std::optional<Event> event;
  std::string damage;  // why it was not read to its end; empty: it was
};

// `number` 0: no event in particular. Events are judged as they come, without waiting for what may
// arrive later. REQUIRES: the rule has its tree.
ExplainedRecording ExplainRecording(recording::Reader& reader, const ruleset::Ruleset& rules,
                                    const ruleset::Rule& rule, std::uint64_t number,
                                    const Redactor& redactor);

}  // namespace nezuban::daemon
