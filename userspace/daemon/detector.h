// SPDX-License-Identifier: Apache-2.0
// Detector: items in, alerts out. Live and replay go through it alike: it reads no clock and no
// file, so the same items and rules give the same alerts, byte for byte.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "alert/alert.h"
#include "daemon/counters.h"
#include "daemon/hold.h"
#include "daemon/loss_alerts.h"
#include "daemon/noise.h"
#include "daemon/sequence.h"
#include "rpc/event_watch.h"
#include "ruleset/ruleset.h"
#include "state/container_table.h"
#include "state/enricher.h"
#include "state/item.h"
#include "state/process_table.h"

namespace nezuban::daemon {

struct DetectorOptions {
  ruleset::NodeIdentity node;
  state::ProcessTableLimits processes;
  std::uint64_t clock_tick_ns = state::ClockTickNs();  // of the node the items come from
  HoldLimits hold;
  filter::RuleMatching rule_matching = filter::RuleMatching::kAll;
  std::shared_ptr<const Redactor> redactor;  // nullptr: alerts tell secrets
  NoiseLimits noise;
};

// One thread but for counters(), from any.
class Detector {
 public:
  using AlertHandler = std::function<void(std::shared_ptr<const alert::Alert>)>;

  Detector(std::shared_ptr<const ruleset::Ruleset> rules, DetectorOptions options,
           AlertHandler on_alert);

  void Take(const state::Item& item) noexcept;

  // No more items come: what is held is decided as it is.
  void Finish();

  // From the next event on. Events that are held stay with the rules that held them.
  void SetRules(std::shared_ptr<const ruleset::Ruleset> rules);

  // Containers' cgroups that the kernel side has to be told of, since the last call.
  std::vector<state::CgroupOfContainer> TakeForKernel() { return containers_.TakeForKernel(); }

  // A cgroup of which the kernel side does not tell is no more.
  void RemoveCgroup(std::uint64_t cgroup_id);

  // Whose users' names are to be read, since the last call.
  std::vector<state::NamesWanted> TakeNamesWanted() { return containers_.TakeNamesWanted(); }

  // Containers that were recognised since the last call.
  std::vector<state::Container> TakeRecognised();

  using Watches = std::vector<std::shared_ptr<rpc::EventWatch>>;
  // Who is offered every event, besides the rules. Gives back who was before.
  Watches SetWatches(Watches watches) { return std::exchange(watches_, std::move(watches)); }

  const std::shared_ptr<const ruleset::Ruleset>& rules() const { return rules_; }
  // Alerts per rule of rules(), by index, as far as any gave one.
  std::span<const std::uint64_t> alerts_by_rule() const { return matching_.alerts_by_rule(); }
  const state::ContainerTable& containers() const { return containers_; }

  const PipelineCounters& counters() const { return counters_; }
  PipelineCounters& counters() { return counters_; }
  // From the next alert on.
  void SetNoise(NoiseLimits limits) { noise_.SetLimits(std::move(limits)); }

  // Brings the counters up to date that are too dear for every event.
  void RefreshCounters();

 private:
  void TakeRecord(std::span<const std::byte> record);
  bool IsSelfTest(const event::Event& event);
  void KeepOrDecide(const state::EnrichedEvent& event);
  bool AskAgain(HeldEvent& held, bool may_wait);
  void RetryHeld();
  void Expire(std::uint64_t now_ns);
  void Publish(alert::Alert alert);
  void Emit(alert::Alert alert);

  std::shared_ptr<const ruleset::Ruleset> rules_;
  const std::string hostname_;
  const std::shared_ptr<const Redactor> redactor_;
  Watches watches_;
  const std::string node_;
  const std::string cluster_;
  std::deque<std::pair<std::uint32_t, std::uint64_t>> self_test_;  // tgid and start
  ruleset::Matching matching_;
  state::ProcessTable processes_;
  state::ContainerTable containers_;
  state::Enricher enricher_;
  SequenceTracker sequence_;
  Hold hold_;
  PipelineCounters counters_;
  const AlertHandler publish_;
  std::vector<std::uint32_t> waiting_;  // rules of the event at hand that wait
  // Made once: no allocation per event.
  const ruleset::Ruleset::AlertHandler on_alert_;
  const ruleset::Ruleset::WaitHandler on_wait_;
  const std::function<bool(HeldEvent&)> ask_again_;
  const Noise::AlertHandler emit_;
  Noise noise_;
  LossAlerts losses_;
  std::uint64_t now_ns_ = 0;  // the latest time any item told
  std::uint64_t lost_at_last_alert_ = 0;
};

}  // namespace nezuban::daemon
