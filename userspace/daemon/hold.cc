// SPDX-License-Identifier: Apache-2.0
#include "daemon/hold.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace nezuban::daemon {
namespace {

// A process of the lineage with its place in two tables. Its texts are shared with the big one
// until that lets go, so they count in full.
constexpr std::size_t kProcessBytes = sizeof(state::Process) + 128;

std::size_t BytesOf(const HeldEvent& held) {
  return sizeof(held) + held.record.bytes().size() + held.rules.size() * sizeof(held.rules[0]) +
         held.lineage->size() * kProcessBytes + held.lineage->TextBytes();
}

}  // namespace

bool Hold::Add(const state::EnrichedEvent& event, std::shared_ptr<const ruleset::Ruleset> ruleset,
               std::span<const std::uint32_t> rules) {
  if (events_.size() >= limits_.events) return false;
  HeldEvent held;
  held.record.Assign(event.event.bytes());
  held.lineage = event.processes.CopyLineage(*event.process);
  held.process = event.process->key;
  held.wall_offset_ns = event.wall_offset_ns;
  held.deadline_ns = event.event.header().time_ns + limits_.time_ns;
  held.ruleset = std::move(ruleset);
  held.rules.assign(rules.begin(), rules.end());
  held.cgroups = {event.event.header().cgroup_id, event.process->origin_cgroup_id};
  held.bytes = BytesOf(held);
  if (bytes_ + held.bytes > limits_.bytes) return false;
  Count(held);
  events_.push_back(std::move(held));
  return true;
}

HeldEvent* Hold::Due(std::uint64_t now_ns) {
  // Records come slightly out of order: one behind the front may be due before it. It waits that
  // little longer, so that alerts come in the order of their events.
  if (events_.empty() || events_.front().deadline_ns > now_ns) return nullptr;
  return &events_.front();
}

void Hold::Pop() {
  Uncount(events_.front());
  events_.pop_front();
}

void Hold::Count(const HeldEvent& held) {
  bytes_ += held.bytes;
  for (const std::uint64_t cgroup : held.cgroups) ++about_[cgroup];
}

void Hold::Uncount(const HeldEvent& held) {
  bytes_ -= held.bytes;
  for (const std::uint64_t cgroup : held.cgroups) {
    const auto count = about_.find(cgroup);
    if (--count->second == 0) about_.erase(count);
  }
}

void Hold::Retry(std::span<const std::uint64_t> cgroups,
                 const std::function<bool(HeldEvent&)>& decided) {
  const auto waited_for = [this](std::uint64_t cgroup) { return about_.contains(cgroup); };
  if (std::ranges::none_of(cgroups, waited_for)) return;
  std::deque<HeldEvent> left;
  for (HeldEvent& held : events_) {
    const bool concerned = std::ranges::find_first_of(held.cgroups, cgroups) != held.cgroups.end();
    if (concerned && decided(held)) {
      Uncount(held);
    } else {
      left.push_back(std::move(held));
    }
  }
  events_ = std::move(left);
}

}  // namespace nezuban::daemon
