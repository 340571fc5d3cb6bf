// SPDX-License-Identifier: Apache-2.0
// What administrators ask of the daemon, as plain data: rpc/ knows nothing of rules or tables.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "alert/alert.h"
#include "base/diagnostics.h"
#include "base/result.h"
#include "rpc/node_status.h"
#include "state/process.h"

namespace nezuban::rpc {

class EventWatch;

// A rule that is loaded.
struct LoadedRule {
  std::string name;
  alert::Priority priority = alert::Priority::kDebug;
  std::vector<std::string> tags;
  bool enabled = true;
  Position position;
  std::uint64_t alerts = 0;  // since these rules were loaded
  std::string description;
  std::vector<std::string> events;
};

// A file a client sent.
struct RuleFile {
  std::string path;  // what diagnostics call it
  std::string text;
};

struct CheckedRules {
  bool valid = false;
  std::uint32_t rules = 0;
  std::vector<Diagnostic> diagnostics;
  std::uint64_t omitted = 0;  // diagnostics for which there was no room
  bool given_up = false;      // `stop` said so
};

struct ReloadedRules {
  bool loaded = false;
  std::vector<Diagnostic> diagnostics;
  std::uint64_t omitted = 0;
  RulesStatus rules;  // that are loaded now
};

// Who answers. Called by one thread of the server, which may be kept waiting, for seconds at most.
// An error is told as UNAVAILABLE. Containers come without labels and mounts.
struct AdminCalls {
  std::function<Result<std::vector<LoadedRule>>()> list_rules;
  // `stop` is asked now and then; true: nobody waits for the rest.
  std::function<CheckedRules(const std::vector<RuleFile>&, const std::function<bool()>& stop)>
      check_rules;
  std::function<Result<ReloadedRules>()> reload_rules;
  std::function<Result<std::vector<state::Container>>()> list_containers;
  // From now on it is offered events, until it is closed. Errors (exit 1): there are too many.
  std::function<Status(const std::shared_ptr<EventWatch>&)> watch_events;
  // Called every second or so, where it is set: lets go of those that were closed.
  std::function<void()> forget_closed;
};

}  // namespace nezuban::rpc
