// SPDX-License-Identifier: Apache-2.0
// Reloader: loads the rules again while the monitor watches.
#pragma once

#include <mutex>

#include "base/diagnostics.h"
#include "daemon/pipeline.h"
#include "daemon/rule_loader.h"
#include "probe/probe_source.h"

namespace nezuban::daemon {

// The events that some rule asks for.
probe::EventSet WantedEvents(const ruleset::Ruleset& rules);

struct Reloaded {
  bool loaded = false;      // events are judged by them
  Diagnostics diagnostics;  // no error and not loaded: the monitor is too busy to take them yet
};

// Thread-safe: one after the other.
class Reloader {
 public:
  // `wanted` is what the source delivers now. REQUIRES: all of them outlive it.
  Reloader(RuleLoader& loader, Pipeline& pipeline, probe::ProbeSource& source,
           probe::EventSet wanted);

  // Loads the rules again and has the pipeline go over to them. The kernel side delivers what
  // either set wants until none but the new one is asked: no event is missed in between.
  Reloaded Reload();

  rpc::RulesStatus status() const { return loader_.status(); }

 private:
  RuleLoader& loader_;
  Pipeline& pipeline_;
  probe::ProbeSource& source_;
  std::mutex mutex_;
  probe::EventSet wanted_;
};

}  // namespace nezuban::daemon
