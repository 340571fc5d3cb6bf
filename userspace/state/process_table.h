// SPDX-License-Identifier: Apache-2.0
// The processes of the node, living and lately ended, with their ancestors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <unordered_map>

#include "event/event.h"
#include "state/process.h"

namespace nezuban::state {

struct ProcfsProcess;

// Length of a clock tick, the unit of start times in /proc.
std::uint64_t ClockTickNs();

// An ended process is kept while a living descendant not further than `ancestors` generations away
// has it as an ancestor, or while it is among the `recent` last to end. A living process is never
// removed: where those alone exceed `entries`, the table grows.
struct ProcessTableLimits {
  std::size_t entries = 65536;
  std::size_t recent = 4096;
  int ancestors = 16;
  std::size_t images = 4;           // that a process had before, each
  std::uint32_t image_args = 1024;  // bytes of such an image's arguments
};

struct ProcessTableCounters {
  std::uint64_t released = 0;      // ended, and no longer needed by a living descendant
  std::uint64_t evicted = 0;       // ended, but removed early to make room
  std::uint64_t over_limit = 0;    // entries added although the table was full of living ones
  std::uint64_t from_header = 0;   // met in an event without a fork or exec before it
  std::uint64_t missed_exits = 0;  // found to have ended without an exit record
  std::uint64_t healed = 0;        // found, or found to be another program, after losses
};

// Owned by the ingest thread. Pointers are valid until the next call that is not const.
class ProcessTable {
 public:
  explicit ProcessTable(ProcessTableLimits limits = {}, std::uint64_t tick_ns = ClockTickNs());
  ProcessTable(const ProcessTable&) = delete;
  ProcessTable& operator=(const ProcessTable&) = delete;

  // nullptr if not known. A start time of 0 finds the newest process of that tgid; one that is
  // rounded on either side matches within the tick.
  const Process* Find(ProcessKey key) const;
  // The newest process of that tgid.
  const Process* FindByTgid(std::uint32_t tgid) const;
  // nullptr if it has none, or none that is known. Never one that started after its child.
  const Process* Parent(const Process& process) const;

  // Applies an event of any type and returns the process that caused it, which is made from the
  // record's header if it was not known. `origin_cgroup_id` is the container the task is first
  // known to have been in, 0 for none; it is kept only if the process has none yet.
  const Process& Apply(const event::Event& event, std::uint64_t origin_cgroup_id);

  // Adds a process found in /proc, or what a known one lacks, and gives it. Parents and children in
  // any order.
  const Process& Merge(const ProcfsProcess& found);

  // From now on what is found was missed: the entries it makes, or mends, are marked. Until then it
  // was there before the monitor.
  void BeginHealing() { healing_ = true; }

  // Ends the living processes that started before `as_of_ns` (boot-time clock) and are not among
  // `tgids`, a list of the node's processes read since then: repairs lost exit records.
  // REQUIRES: tgids sorted.
  void EndMissing(std::span<const std::uint32_t> tgids, std::uint64_t as_of_ns);

  // A table of its own with copies of `process`, its nearest ancestors (as many as the limits say)
  // and the leaders of its session and process group: what an event is judged by, as it is now.
  // REQUIRES: `process` is in this table.
  std::unique_ptr<ProcessTable> CopyLineage(const Process& process) const;
  // Bytes of the texts of all processes; an environment that forks share counts once, other texts
  // each time. Looks at every process.
  std::size_t TextBytes() const;

  std::size_t size() const { return entries_.size(); }
  std::size_t live() const { return entries_.size() - ended_.size(); }
  // What the process of the last event had before, where that event was a change of credentials;
  // null: not known.
  const credentials* before() const { return before_ ? &*before_ : nullptr; }
  const ProcessTableCounters& counters() const { return counters_; }

 private:
  struct Entry {
    Process process;
    std::uint32_t marked = 0;  // the sweep that last found it needed
    int generations = 0;       // from the nearest living descendant, in that sweep
  };

  const Entry* FindEntry(ProcessKey key) const;
  Entry* FindEntry(ProcessKey key);
  const Entry* FindParent(const Process& process) const;
  bool SameTick(const Process& process, std::uint64_t start_ns) const;
  Entry& FindOrAdd(ProcessKey key, bool& added);
  Entry& Touch(const event::Event& event, std::uint64_t origin_cgroup_id);
  void Apply(Entry& entry, const event::Event& event, const exec_record& record);
  void Apply(Entry& entry, const fork_record& record);
  void Apply(Entry& entry, const exit_record& record);
  void MarkHealed(Process& process);
  void KeepImage(Process& process) const;
  void NoteBefore(const event::Event& event, const credentials_record& record);
  void Rekey(Entry& entry, std::uint64_t start_ns);
  void End(Entry& entry, std::uint64_t time_ns);
  void MakeRoom();  // for what one event can add; before anything points into the table
  void MarkNeeded();
  void Sweep(std::size_t keep_recent);
  void Remove(Entry* entry);
  void EvictOldest();

  const ProcessTableLimits limits_;
  const std::uint64_t tick_ns_;
  std::unordered_map<ProcessKey, Entry> entries_;
  std::unordered_map<std::uint32_t, Entry*> newest_;  // by tgid
  std::deque<Entry*> ended_;                          // oldest first
  std::size_t sweep_at_;                              // number of ended ones
  std::uint32_t sweep_ = 0;
  bool healing_ = false;
  ProcessTableCounters counters_;
  std::optional<credentials> before_;
};

}  // namespace nezuban::state
