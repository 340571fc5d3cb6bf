// SPDX-License-Identifier: Apache-2.0
// Event → EnrichedEvent: who did it, where, and who its ancestors are. And what user space learned
// by itself → the same tables.
#pragma once

#include <cstdint>

#include "event/event.h"
#include "state/container_table.h"
#include "state/item.h"
#include "state/process.h"
#include "state/process_table.h"

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
  const Container* node = nullptr;  // what is outside of all containers
  // A container within `container`, as the cgroups in there are called; null: none.
  const Container* inner = nullptr;
};

// Boot-time clock → wall clock, now: add it to the former.
std::int64_t ReadWallOffset();

// Applies events and other items to the tables, in order. Reads no clock and no file: the same
// items give the same state. Ingest thread only. REQUIRES: the tables outlive it.
class Enricher {
 public:
  Enricher(ProcessTable& processes, ContainerTable& containers);

  // Updates the tables with `event` and returns it with its context.
  EnrichedEvent Apply(const event::Event& event);

  // Updates the tables with what is no event. A RecordItem is not for here.
  // Processes that are found after the first event were missed.
  void Learn(const Item& item);

  // The context of an event that was applied before, from `process` as it was then and what is
  // known of containers now. REQUIRES: all parameters outlive the result.
  EnrichedEvent Again(const event::Event& event, const Process& process,
                      const ProcessTable& processes, std::int64_t wall_offset_ns) const;

  // The boot-time clock plus this is the wall clock.
  std::int64_t wall_offset_ns() const { return wall_offset_ns_; }

 private:
  // The container the task of `header` is first known to have been in: 0 for none.
  std::uint64_t OriginOf(const record_header& header, const Container* current) const;
  void AskForNames(const event::Event& event, const Process& process);
  void NoteFirst(const Container& container, const Process& process);
  EnrichedEvent Context(const event::Event& event, const Process& process,
                        std::uint64_t origin_cgroup_id, const ProcessTable& processes,
                        std::int64_t wall_offset_ns) const;

  void LearnFrom(const SnapshotItem& item);
  void LearnFrom(const CgroupItem& item);
  void LearnFrom(const ProcessItem& item);
  void LearnFrom(const LivingItem& item);
  void LearnFrom(const ContainerItem& item);
  void LearnFrom(const ClusterItem& item);
  void LearnFrom(const NamesItem& item);
  void LearnFrom(const AnchorItem& item) { wall_offset_ns_ = item.wall_offset_ns; }
  void LearnFrom(const RecordItem&) {}
  void LearnFrom(const TickItem&) {}
  void LearnFrom(const LossItem&) {}

  EnrichedEvent ApplyToTables(const event::Event& event);

  ProcessTable& processes_;
  ContainerTable& containers_;
  std::int64_t wall_offset_ns_ = 0;
};

}  // namespace nezuban::state
