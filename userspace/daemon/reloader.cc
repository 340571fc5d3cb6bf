// SPDX-License-Identifier: Apache-2.0
#include "daemon/reloader.h"

#include <spdlog/spdlog.h>

#include <chrono>

#include "base/memory.h"

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
  const probe::EventSet before = wanted_;  // nobody else changes it
  const probe::EventSet next = WantedEvents(*rules);
  SetWanted(before | next);
  reloaded.loaded = pipeline_.SetRules(rules, kSwapPatience) != nullptr;
  SetWanted(reloaded.loaded ? next : before);
  if (!reloaded.loaded) {
    spdlog::error("the monitor is too busy to take the rules; those of generation {} stay",
                  loader_.status().generation);
    return reloaded;
  }
  loader_.Taken(*rules);
  const rpc::RulesStatus status = loader_.status();
  spdlog::info("rules loaded: {} of them, version {}, generation {}", status.count, status.version,
               status.generation);
  ReleaseUnusedMemory();
  return reloaded;
}

void Reloader::SetWanted(probe::EventSet wanted) {
  const std::lock_guard lock(sets_mutex_);
  wanted_ = wanted;
  source_.SetEnabled(wanted_ | besides_);
}

void Reloader::SetBesides(probe::EventSet besides) {
  const std::lock_guard lock(sets_mutex_);
  besides_ = besides;
  source_.SetEnabled(wanted_ | besides_);
}

probe::EventSet Reloader::wanted() const {
  const std::lock_guard lock(sets_mutex_);
  return wanted_ | besides_;
}

}  // namespace nezuban::daemon
