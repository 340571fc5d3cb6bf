// SPDX-License-Identifier: Apache-2.0
#include "daemon/reloader.h"

#include <spdlog/spdlog.h>

#include <chrono>

namespace nezuban::daemon {
namespace {

// The ingest thread looks for new rules after each poll: a tenth of a second where nothing happens.
constexpr std::chrono::seconds kSwapPatience{30};

}  // namespace

probe::EventSet WantedEvents(const ruleset::Ruleset& rules) {
  const fields::EventTypes types = rules.EventTypes();
  probe::EventSet wanted;
  for (std::size_t type = 0; type < NR_EVENTS; ++type) wanted[type] = types[type];
  return wanted;
}

Reloader::Reloader(RuleLoader& loader, Pipeline& pipeline, probe::ProbeSource& source,
                   probe::EventSet wanted)
    : loader_(loader), pipeline_(pipeline), source_(source), wanted_(wanted) {}

Reloaded Reloader::Reload() {
  const std::lock_guard lock(mutex_);
  Reloaded reloaded;
  const auto rules = loader_.Load(reloaded.diagnostics);
  if (rules == nullptr) {
    spdlog::error("the rules are not loaded; those of generation {} stay",
                  loader_.status().generation);
    return reloaded;
  }
  const probe::EventSet next = WantedEvents(*rules);
  source_.SetEnabled(wanted_ | next);
  reloaded.loaded = pipeline_.SetRules(rules, kSwapPatience) != nullptr;
  wanted_ = reloaded.loaded ? next : wanted_ | next;  // it will still take them
  source_.SetEnabled(wanted_);
  loader_.Taken(*rules);
  if (!reloaded.loaded) {
    spdlog::warn("the rules are loaded, but the monitor is too busy to take them yet");
    return reloaded;
  }
  const rpc::RulesStatus status = loader_.status();
  spdlog::info("rules loaded: {} of them, version {}, generation {}", status.count, status.version,
               status.generation);
  return reloaded;
}

}  // namespace nezuban::daemon
