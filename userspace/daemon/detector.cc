// SPDX-License-Identifier: Apache-2.0
#include "daemon/detector.h"

#include <algorithm>
#include <limits>
#include <utility>
#include <variant>

#include "base/check.h"
#include "event/decode.h"

namespace nezuban::daemon {

namespace {

RuleAlerts::Counts MostAlerts(const ruleset::Ruleset& rules,
                              std::span<const std::uint64_t> alerts) {
  RuleAlerts::Counts counts;
  for (std::size_t i = 0; i < std::min(alerts.size(), rules.rules().size()); ++i) {
    if (alerts[i] > 0) counts.emplace_back(rules.rules()[i].name, alerts[i]);
  }
  std::ranges::stable_sort(counts, std::ranges::greater(), &RuleAlerts::Counts::value_type::second);
  if (counts.size() > RuleAlerts::kMost) counts.resize(RuleAlerts::kMost);
  return counts;
}

}  // namespace

Detector::Detector(std::shared_ptr<const ruleset::Ruleset> rules, DetectorOptions options,
                   AlertHandler on_alert)
    : rules_(std::move(rules)),
      hostname_(options.node.hostname),
      redactor_(options.redactor),
      node_(options.node.node),
      cluster_(options.node.cluster),
      matching_(options.node, std::move(options.redactor), options.rule_matching),
      processes_(options.processes, options.clock_tick_ns),
      enricher_(processes_, containers_),
      hold_(options.hold),
      publish_(std::move(on_alert)),
      on_alert_([this](alert::Alert alert) { Publish(std::move(alert)); }),
      on_wait_([this](std::uint32_t rule) { waiting_.push_back(rule); }),
      ask_again_([this](HeldEvent& held) { return AskAgain(held, true); }),
      emit_([this](alert::Alert alert) { Emit(std::move(alert)); }),
      noise_(std::move(options.noise)),
      losses_(std::move(options.node), containers_) {}

void Detector::Take(const state::Item& item) noexcept {
  if (const auto* record = std::get_if<state::RecordItem>(&item)) return TakeRecord(record->bytes);
  enricher_.Learn(item);
  if (const auto* tick = std::get_if<state::TickItem>(&item)) {
    now_ns_ = std::max(now_ns_, tick->time_ns);
  }
  if (const auto* loss = std::get_if<state::LossItem>(&item)) losses_.Take(*loss);
  RetryHeld();
  Expire(now_ns_);
  noise_.TellDue(now_ns_, emit_);
  losses_.TellDue(now_ns_, enricher_.wall_offset_ns(), emit_);
}

void Detector::TakeRecord(std::span<const std::byte> record) {
  const auto event = event::Decode(record);
  if (!event) {
    const auto* header = reinterpret_cast<const record_header*>(record.data());
    if (record.size() >= sizeof(*header) && header->type < NR_EVENTS) {
      ++counters_.malformed[header->type];
    } else {
      ++counters_.malformed_unknown;
    }
    return;
  }
  sequence_.Observe(event->header());
  ++counters_.decoded[event->type()];
  const state::EnrichedEvent enriched = enricher_.Apply(*event);
  now_ns_ = std::max<std::uint64_t>(now_ns_, event->header().time_ns);
  RetryHeld();
  Expire(now_ns_);
  if (IsSelfTest(*event)) {
    ++counters_.self_test[event->type()];
    return;
  }
  for (const auto& watch : watches_) watch->Offer(enriched, hostname_, redactor_.get());
  KeepOrDecide(enriched);
  noise_.TellDue(now_ns_, emit_);
}

// The monitor's children and theirs, from the fork on that the kernel side marked: nobody else can
// have that done, and no name or number that somebody could take up says it.
bool Detector::IsSelfTest(const event::Event& event) {
  const record_header& header = event.header();
  const std::pair<std::uint32_t, std::uint64_t> process(header.tgid, header.start_ns);
  const bool ours = (header.flags & RECORD_OWN) != 0 ||
                    std::ranges::find(self_test_, process) != self_test_.end();
  const auto* fork = event.As<fork_record>();
  if (!ours || fork == nullptr) return ours;
  constexpr std::size_t kMost = 8;  // of the last few tests: records of the bulk lane come late
  self_test_.emplace_back(fork->child_tgid, fork->child_start_ns);
  if (self_test_.size() > kMost) self_test_.pop_front();
  return true;
}

void Detector::KeepOrDecide(const state::EnrichedEvent& event) {
  rules_->Match(event, matching_, on_alert_, hold_.enabled() ? &on_wait_ : nullptr);
  if (waiting_.empty()) return;
  if (hold_.Add(event, rules_, waiting_)) {
    for (const std::uint32_t rule : waiting_) rules_->BeginWait(rule, matching_);
    ++counters_.held;
    counters_.held_now = hold_.size();
  } else {
    ++counters_.overflowed;
    for (const std::uint32_t rule : waiting_) rules_->Ask(rule, event, matching_, on_alert_);
  }
  waiting_.clear();
}

// Asks the rules that wait for this event once more; true: none has to wait any longer.
bool Detector::AskAgain(HeldEvent& held, bool may_wait) {
  const auto event = event::Decode(held.record.bytes());
  const state::Process* process = held.lineage->Find(held.process);
  CHECK(event && process != nullptr);
  const state::EnrichedEvent again =
      enricher_.Again(*event, *process, *held.lineage, held.wall_offset_ns);
  for (const std::uint32_t rule : held.rules) {
    held.ruleset->EndWait(rule, matching_);
    held.ruleset->Ask(rule, again, matching_, on_alert_, may_wait ? &on_wait_ : nullptr);
  }
  held.rules.swap(waiting_);
  waiting_.clear();
  for (const std::uint32_t rule : held.rules) held.ruleset->BeginWait(rule, matching_);
  if (held.rules.empty() && may_wait) ++counters_.resolved;
  return held.rules.empty();
}

// Only when something new is known of containers, since nothing else is waited for.
void Detector::RetryHeld() {
  const std::vector<std::uint64_t> learned = containers_.TakeLearned();
  if (hold_.empty() || learned.empty()) return;
  hold_.Retry(learned, ask_again_);
  counters_.held_now = hold_.size();
}

void Detector::Expire(std::uint64_t now_ns) {
  while (HeldEvent* held = hold_.Due(now_ns)) {
    AskAgain(*held, false);
    hold_.Pop();
    ++counters_.expired;
    counters_.held_now = hold_.size();
  }
}

void Detector::Finish() {
  Expire(std::numeric_limits<std::uint64_t>::max());
  noise_.TellAll(emit_);
  losses_.TellAll(now_ns_, enricher_.wall_offset_ns(), emit_);
  RefreshCounters();
}

void Detector::SetRules(std::shared_ptr<const ruleset::Ruleset> rules) {
  rules_ = std::move(rules);
  matching_.Reset(*rules_);
}

std::vector<state::Container> Detector::TakeRecognised() {
  std::vector<state::Container> recognised;
  for (const std::uint64_t cgroup_id : containers_.TakeRecognised()) {
    const state::Container* container = containers_.Find(cgroup_id);
    if (container != nullptr) recognised.push_back(*container);
  }
  return recognised;
}

void Detector::RemoveCgroup(std::uint64_t cgroup_id) { containers_.Remove(cgroup_id, now_ns_); }

void Detector::RefreshCounters() {
  counters_.missing = sequence_.missing();
  counters_.processes = processes_.live();
  counters_.processes_evicted = processes_.counters().evicted;
  counters_.processes_healed = processes_.counters().healed;
  counters_.containers = containers_.container_count();
  counters_.correlated_groups = matching_.earlier().groups();
  counters_.correlated_bytes = matching_.earlier().bytes();
  counters_.correlated_evicted = matching_.earlier().evicted();
  counters_.rule_alerts.Set(MostAlerts(*rules_, alerts_by_rule()));
}

void Detector::Publish(alert::Alert alert) {
  if (noise_.Pass(alert, now_ns_)) return Emit(std::move(alert));
  counters_.held_back = noise_.held_back();
}

void Detector::Emit(alert::Alert alert) {
  const std::uint64_t lost = sequence_.missing();
  alert.lost_before = lost > lost_at_last_alert_ ? lost - lost_at_last_alert_ : 0;
  lost_at_last_alert_ = lost;
  alert.node = node_;
  alert.cluster = cluster_;
  ++counters_.alerts;
  if (!alert.metadata_known) ++counters_.alerts_without_metadata;
  publish_(std::make_shared<const alert::Alert>(std::move(alert)));
}

}  // namespace nezuban::daemon
