// SPDX-License-Identifier: Apache-2.0
#include "daemon/loss_alerts.h"

#include <algorithm>
#include <string>

#include "event/event.h"
#include "ruleset/place.h"

namespace nezuban::daemon {
namespace {

constexpr std::size_t kMostFloods = 4096;  // cgroups remembered

}  // namespace

// A cgroup that the kernel side forgot counts from 0 again.
void LossAlerts::Tally::Set(std::uint64_t now) {
  if (now < count) told = 0;
  count = now;
}

void LossAlerts::Take(const state::LossItem& item) {
  for (const state::LossItem::Flood& flood : item.floods) {
    floods_[flood.cgroup_id].events.Set(flood.dropped);
  }
  for (const state::LossItem::Count& loss : item.counts) {
    if (loss.reason == DROP_FLOOD || loss.reason >= NR_DROP_REASONS || loss.type >= NR_EVENTS) {
      continue;
    }
    losses_[loss.type][loss.reason].Set(loss.count);
  }
  untold_ = true;
  if (floods_.size() > kMostFloods) Forget();
}

// Of those that have nothing to tell, all; of the others, any, down to half: a node where thousands
// of cgroups flood at once has been told of thousands.
void LossAlerts::Forget() {
  std::erase_if(floods_, [](const auto& flood) { return flood.second.events.untold() == 0; });
  while (floods_.size() > kMostFloods / 2) floods_.erase(floods_.begin());
}

void LossAlerts::TellDue(std::uint64_t now_ns, std::int64_t wall_offset_ns,
                         const AlertHandler& emit) {
  if (!untold_) return;
  untold_ = false;
  const When when{now_ns, wall_offset_ns, now_ns + kEveryNs};
  TellFloods(when, emit);
  TellLosses(when, emit);
}

void LossAlerts::TellAll(std::uint64_t now_ns, std::int64_t wall_offset_ns,
                         const AlertHandler& emit) {
  for (auto& [cgroup_id, flood] : floods_) flood.quiet_until_ns = 0;
  losses_quiet_until_ns_ = 0;
  TellDue(now_ns, wall_offset_ns, emit);
}

void LossAlerts::TellFloods(const When& when, const AlertHandler& emit) {
  for (auto& [cgroup_id, flood] : floods_) {
    if (flood.events.untold() == 0) continue;
    if (when.now_ns < flood.quiet_until_ns) {
      untold_ = true;
      continue;
    }
    emit(OfFlood(cgroup_id, flood, when));
    flood.events.told = flood.events.count;
    flood.quiet_until_ns = when.quiet_until_ns;
  }
}

alert::Alert LossAlerts::Begin(const char* rule, const std::string& id, const When& when) const {
  alert::Alert alert;
  alert.id = node_.run_id + '.' + id + '.' + std::to_string(when.now_ns);
  alert.time_ns = static_cast<std::int64_t>(when.now_ns) + when.wall_offset_ns;
  alert.rule = rule;
  alert.source = "nezuban";
  alert.event_type = "loss";
  alert.hostname = node_.hostname;
  return alert;
}

alert::Alert LossAlerts::OfFlood(std::uint64_t cgroup_id, const Flooding& flood,
                                 const When& when) const {
  alert::Alert alert =
      Begin("Flood of events from a cgroup", "flood." + std::to_string(cgroup_id), when);
  alert.priority = alert::Priority::kWarning;
  const state::Container* container = containers_.Find(cgroup_id);
  ruleset::SetPlace(container, alert);
  const std::string count = std::to_string(flood.events.untold());
  std::string who = "cgroup " + std::to_string(cgroup_id);
  if (container != nullptr) {
    who += container->is_host() ? " of the host" : " of container " + container->id;
  }
  if (!alert.workload.pod.empty()) {
    who += " (pod " + alert.workload.pod_namespace + '/' + alert.workload.pod + ')';
  }
  alert.message = who + " floods: " + count +
                  " of its opens, connects and the like were not looked at. What counts most"
                  " (execs, mounts, privileges …) and other cgroups are watched as before";
  alert.fields = {{"cgroup.id", static_cast<std::int64_t>(cgroup_id)},
                  {"container.id", container == nullptr ? std::string() : container->id},
                  {"lost", static_cast<std::int64_t>(flood.events.untold())}};
  return alert;
}

void LossAlerts::TellLosses(const When& when, const AlertHandler& emit) {
  std::uint64_t all = 0;
  bool vital = false;
  std::string detail;
  for (std::size_t type = 0; type < NR_EVENTS; ++type) {
    for (std::size_t reason = 0; reason < NR_DROP_REASONS; ++reason) {
      const std::uint64_t lost = losses_[type][reason].untold();
      if (lost == 0) continue;
      all += lost;
      vital |= event::EventTable()[type].lane == LANE_VITAL;
      detail += (detail.empty() ? "" : ", ") + std::to_string(lost) + ' ' +
                std::string(event::MainName(static_cast<event::EventType>(type))) + " (" +
                std::string(event::DropReasonName(static_cast<int>(reason))) + ')';
    }
  }
  if (all == 0) return;
  if (when.now_ns < losses_quiet_until_ns_) {
    untold_ = true;
    return;
  }
  losses_quiet_until_ns_ = when.quiet_until_ns;
  for (ByReason& of_type : losses_) {
    for (Tally& tally : of_type) tally.told = tally.count;
  }
  alert::Alert alert = Begin("Events lost", "lost", when);
  alert.priority = vital ? alert::Priority::kWarning : alert::Priority::kNotice;
  alert.message = std::to_string(all) + " events were lost in the kernel: " + detail;
  alert.fields = {{"lost", static_cast<std::int64_t>(all)}, {"events", detail}};
  emit(std::move(alert));
}

}  // namespace nezuban::daemon
