// SPDX-License-Identifier: Apache-2.0
// Event → EnrichedEvent: who did it, where, and who its ancestors are.
#pragma once

#include "event/event.h"
#include "state/container_table.h"
#include "state/process.h"
#include "state/process_table.h"

namespace nezuban::state {

// An event with what is known about its process. Everything is borrowed from the tables: valid
// until the next event is applied.
struct EnrichedEvent {
  const event::Event& event;
  const Process* process;          // never null: made from the header if it was not known
  const Container* container;      // where the task is now; null: not known; the host is a container
  const Container* origin;         // sticky origin; null: not known; the host if it has none
  const ProcessTable& processes;   // for ancestors
  std::int64_t wall_offset_ns;     // header.time_ns + this = nanoseconds since the epoch
};

// Applies events to the tables, in order. Ingest thread only.
class Enricher {
 public:
  Enricher(ProcessTable& processes, ContainerTable& containers);

  // Updates the tables with `event` and returns it with its context.
  EnrichedEvent Apply(const event::Event& event);

  // Boot-time clock → wall clock; read again after a step of the clock.
  void AnchorWallClock();

 private:
  ProcessTable& processes_;
  ContainerTable& containers_;
  std::int64_t wall_offset_ns_ = 0;
};

}  // namespace nezuban::state
