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
  Diagnostics diagnostics;  // no error and not loaded: the monitor was too busy to take them
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

  // The source delivers these, too, from now on.
  void SetBesides(probe::EventSet besides);

  // What the source is asked for now.
  probe::EventSet wanted() const;

  rpc::RulesStatus status() const { return loader_.status(); }

 private:
  void SetWanted(probe::EventSet wanted);

  RuleLoader& loader_;
  Pipeline& pipeline_;
  probe::ProbeSource& source_;
  std::mutex mutex_;
  mutable std::mutex sets_mutex_;  // guards what follows; held for moments
  probe::EventSet wanted_;         // by rules
  probe::EventSet besides_;        // by others
};

}  // namespace nezuban::daemon
