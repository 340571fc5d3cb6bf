// SPDX-License-Identifier: Apache-2.0
// Event → EnrichedEvent: who did it, where, and who its ancestors are.
#pragma once

#include <string>
#include <vector>

#include "event/event.h"
#include "state/container_table.h"
#include "state/process.h"
#include "state/process_table.h"
#include "state/procfs.h"

namespace nezuban::state {

// An event with what is known about its process. Everything is borrowed from the tables: valid
// until the next event is applied.
struct EnrichedEvent {
  const event::Event& event;
  const Process* process;         // never null: made from the header if it was not known
  const Container* container;     // where the task is now; null: not known; the host is a container
  const Container* origin;        // sticky origin; null: not known; the host if it has none
  const ProcessTable& processes;  // for ancestors
  std::int64_t wall_offset_ns;    // header.time_ns + this = nanoseconds since the epoch
};

// Applies events to the tables, in order. Ingest thread only. REQUIRES: the tables outlive it.
class Enricher {
 public:
  Enricher(ProcessTable& processes, ContainerTable& containers);

  // Updates the tables with `event` and returns it with its context.
  EnrichedEvent Apply(const event::Event& event);

  // Adds what a scan of /proc found. `cgroup_root` is where cgroup2 is mounted, empty: nowhere.
  void Merge(std::vector<ProcfsProcess> found, const std::string& cgroup_root);

  // Boot-time clock → wall clock; read again after a step of the clock. Called once at the start.
  void AnchorWallClock();

 private:
  // The container the task of `header` is first known to have been in: 0 for none.
  std::uint64_t OriginOf(const record_header& header, const Container* current) const;

  ProcessTable& processes_;
  ContainerTable& containers_;
  std::int64_t wall_offset_ns_ = 0;
};

}  // namespace nezuban::state
