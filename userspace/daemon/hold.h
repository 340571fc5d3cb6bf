// SPDX-License-Identifier: Apache-2.0
// Hold: the events whose decision waits for something that may still arrive.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

#include "event/event.h"
#include "event/owned_record.h"
#include "ruleset/ruleset.h"
#include "state/enricher.h"

namespace nezuban::daemon {

struct HoldLimits {
  std::uint64_t time_ns = 500'000'000;  // of event time; 0: nothing is held
  std::size_t events = 4096;
  std::size_t bytes = std::size_t{32} << 20;  // counting what each event keeps, roughly
};

// An event as it was when it happened: its record, its process and that one's ancestors are copies,
// since the tables go on. Only what is known of containers is looked up again.
struct HeldEvent {
  event::OwnedRecord record;
  std::unique_ptr<state::ProcessTable> lineage;
  state::ProcessKey process;
  std::int64_t wall_offset_ns = 0;
  std::uint64_t deadline_ns = 0;  // boot-time clock
  std::shared_ptr<const ruleset::Ruleset> ruleset;
  std::vector<std::uint32_t> rules;  // those that wait, by index

  // The cgroups it is about: where the task was, and its origin if it has one.
  std::array<std::uint64_t, 2> cgroups{};
  std::size_t bytes = 0;  // what it keeps, roughly
};

// First in, first out. Ingest thread only.
class Hold {
 public:
  explicit Hold(HoldLimits limits) : limits_(limits) {}

  // Keeps `event` for `rules`. False: no room.
  bool Add(const state::EnrichedEvent& event, std::shared_ptr<const ruleset::Ruleset> ruleset,
           std::span<const std::uint32_t> rules);

  bool enabled() const { return limits_.time_ns > 0; }
  bool empty() const { return events_.empty(); }
  std::size_t size() const { return events_.size(); }

  // The oldest if its time is over at `now_ns`; nullptr: none is. Valid until Pop.
  HeldEvent* Due(std::uint64_t now_ns);
  void Pop();

  // Shows those that are about one of the cgroups, oldest first; what `decided` says true of is let
  // go. `decided` may shorten `rules`.
  void Retry(std::span<const std::uint64_t> cgroups,
             const std::function<bool(HeldEvent&)>& decided);

 private:
  void Count(const HeldEvent& held);
  void Uncount(const HeldEvent& held);

  const HoldLimits limits_;
  std::deque<HeldEvent> events_;
  std::unordered_map<std::uint64_t, std::size_t> about_;  // cgroup → number of events
  std::size_t bytes_ = 0;
};

}  // namespace nezuban::daemon
