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
    if (loss.reason >= NR_DROP_REASONS || loss.type >= NR_EVENTS) continue;
    losses_[loss.type][loss.reason].Set(loss.count);
  }
  due_ns_ = 0;
  if (floods_.size() > kMostFloods) Forget();
}

// Of those that have nothing to tell, all; of the others, any, down to half: a node where thousands
// of cgroups flood at once has been told of many.
void LossAlerts::Forget() {
  std::erase_if(floods_, [](const auto& flood) { return flood.second.events.untold() == 0; });
  while (floods_.size() > kMostFloods / 2) floods_.erase(floods_.begin());
}

void LossAlerts::TellDue(std::uint64_t now_ns, std::int64_t wall_offset_ns,
                         const AlertHandler& emit) {
  if (now_ns < due_ns_) return;
  due_ns_ = kNever;
  const When when{now_ns, wall_offset_ns, now_ns + kEveryNs};
  TellFloods(when, emit);
  TellLosses(when, emit);
}

void LossAlerts::TellAll(std::uint64_t now_ns, std::int64_t wall_offset_ns,
                         const AlertHandler& emit) {
  for (auto& [cgroup_id, flood] : floods_) flood.quiet_until_ns = 0;
  window_ends_ns_ = 0;
  const When when{now_ns, wall_offset_ns, now_ns + kEveryNs};
  TellFloods(when, emit);
  floods_.clear();  // those that were too many are of nobody now
  losses_quiet_until_ns_ = 0;
  TellLosses(when, emit);
  due_ns_ = kNever;
}

void LossAlerts::TellFloods(const When& when, const AlertHandler& emit) {
  if (when.now_ns >= window_ends_ns_) {
    window_ends_ns_ = when.quiet_until_ns;
    told_in_window_ = 0;
  }
  for (auto& [cgroup_id, flood] : floods_) {
    if (flood.events.untold() == 0) continue;
    if (when.now_ns < flood.quiet_until_ns) {
      Later(flood.quiet_until_ns);
      continue;
    }
    if (told_in_window_ == kMostAtOnce) return Later(window_ends_ns_);
    ++told_in_window_;
    emit(OfFlood(cgroup_id, flood, when));
    told_by_cgroup_ += flood.events.untold();
    flood.events.told = flood.events.count;
    flood.quiet_until_ns = when.quiet_until_ns;
  }
}

// Records of floods that no cgroup is known of, and that were not told yet.
std::uint64_t LossAlerts::FloodsOfNobody() const {
  std::uint64_t all = 0;
  for (const ByReason& of_type : losses_) all += of_type[DROP_FLOOD].count;
  std::uint64_t told = told_by_cgroup_ + told_of_nobody_;
  for (const auto& [cgroup_id, flood] : floods_) told += flood.events.untold();
  return all > told ? all - told : 0;
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
  std::uint64_t skipped = 0;  // one miss of the dispatcher counts for every event it serves
  bool vital = false;
  std::string detail;
  const auto add = [&](std::uint64_t lost, std::string_view what, int reason) {
    detail += (detail.empty() ? "" : ", ") + std::to_string(lost) + ' ' + std::string(what) + " (" +
              std::string(event::DropReasonName(reason)) + ')';
    all += lost;
  };
  for (std::size_t type = 0; type < NR_EVENTS; ++type) {
    skipped = std::max(skipped, losses_[type][DROP_RECURSION].untold());
    for (int reason = 0; reason < NR_DROP_REASONS; ++reason) {
      const std::uint64_t lost = losses_[type][static_cast<std::size_t>(reason)].untold();
      if (lost == 0 || reason == DROP_FLOOD || reason == DROP_RECURSION) continue;
      vital |= event::EventTable()[type].lane == LANE_VITAL;
      add(lost, event::MainName(static_cast<event::EventType>(type)), reason);
    }
  }
  if (skipped > 0) add(skipped, "or fewer of any", DROP_RECURSION);
  const std::uint64_t of_nobody = FloodsOfNobody();
  if (of_nobody > 0) add(of_nobody, "of cgroups not known any more", DROP_FLOOD);
  if (all == 0) return;
  if (when.now_ns < losses_quiet_until_ns_) return Later(losses_quiet_until_ns_);
  losses_quiet_until_ns_ = when.quiet_until_ns;
  told_of_nobody_ += of_nobody;
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
