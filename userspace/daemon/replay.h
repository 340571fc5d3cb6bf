// SPDX-License-Identifier: Apache-2.0
// Replay: a recording through rules. The same file and rules give the same alerts, byte for byte.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "alert/alert.h"
#include "base/result.h"
#include "daemon/detector.h"
#include "recording/reader.h"
#include "ruleset/ruleset.h"

namespace nezuban::daemon {

struct ReplaySummary {
  std::uint64_t events = 0;
  std::uint64_t alerts = 0;
  // What the recording lacks, a sentence each; empty: it is whole.
  std::vector<std::string> missing;
  bool damaged = false;  // it was read up to some place only
};

// Reads it to its end or to where it is damaged, and hands over the alerts in order. `options` says
// how long and how much to hold, and what to mask; the node is the recording's.
ReplaySummary Replay(recording::Reader& reader, std::shared_ptr<const ruleset::Ruleset> rules,
                     DetectorOptions options, const Detector::AlertHandler& on_alert);

// How many alerts of that rule the recording at `path` gives: a ruleset::RecordingRunner. Error: it
// cannot be read to its end.
Result<std::uint64_t> CountAlerts(const ruleset::Ruleset& rules, const ruleset::Rule& rule,
                                  const std::string& path);

}  // namespace nezuban::daemon
