// SPDX-License-Identifier: Apache-2.0
#include "daemon/pipeline.h"

#include <algorithm>
#include <cstdlib>
#include <span>
#include <thread>
#include <utility>
#include <variant>

namespace nezuban::daemon {
namespace {

constexpr std::chrono::milliseconds kPollTimeout{100};
// While something is being looked for: what comes of it may be all that an alert waits for.
constexpr std::chrono::milliseconds kBusyPollTimeout{2};
constexpr std::chrono::seconds kBetweenAnchors{10};
constexpr std::chrono::milliseconds kBetweenClockLooks{20};
constexpr std::int64_t kClockStepNs = 5'000'000;  // less is drift, and how it is measured
constexpr std::uint64_t kSecondsBetweenHeals = 10;

std::uint64_t VitalDrops(const probe::SourceCounters& counters) {
  std::uint64_t drops = 0;
  for (std::size_t type = 0; type < NR_EVENTS; ++type) {
    if (event::EventTable()[type].lane == LANE_VITAL) drops += counters[type].AllDropped();
  }
  return drops;
}

}  // namespace

Pipeline::Pipeline(probe::EventSource& source, std::shared_ptr<const ruleset::Ruleset> rules,
                   std::vector<alert::Sink*> sinks, Options options)
    : source_(source),
      options_(std::move(options)),
      detector_(rules, options_.detector,
                [sinks = std::move(sinks)](const std::shared_ptr<const alert::Alert>& alert) {
                  for (alert::Sink* sink : sinks) sink->Publish(alert);
                }),
      take_([this](const state::Item& item) { Take(item); }),
      take_named_([this](const state::Item& item) { TakeNamed(item); }),
      rules_(std::move(rules)) {
  if (options_.cgroup_v1) cgroup_v1_.emplace(options_.proc_root);
}

Status Pipeline::LearnWhatIsThere(SnapshotReader read_snapshot) {
  read_snapshot_ = std::move(read_snapshot);
  Take(state::AnchorItem{state::ReadWallOffset()});
  if (options_.lookup != nullptr) options_.lookup->Begin(take_);
  if (!options_.cgroup_root.empty()) {
    RETURN_IF_ERROR(state::SurveyCgroups(options_.cgroup_root, take_));
  }
  RETURN_IF_ERROR(TakeSnapshot(take_));
  if (!options_.proc_root.empty()) {
    RETURN_IF_ERROR(state::SurveyProcesses(options_.proc_root, options_.cgroup_root, take_));
  }
  return {};
}

Status Pipeline::TakeSnapshot(const state::ItemHandler& handler) {
  RETURN_IF_ERROR(read_snapshot_(
      [&handler](std::span<const std::byte> record) { handler(state::SnapshotItem{record}); }));
  return {};
}

Status Pipeline::Run(const std::stop_token& stop) {
  Status ended = Watch(stop);
  ended_ = true;
  TellLosses();
  detector_.Finish();
  return ended;
}

Status Pipeline::Watch(const std::stop_token& stop) {
  const probe::RecordHandler handler = [this](std::span<const std::byte> record) {
    const state::RecordItem item{record};
    if (findings_.AreOlderThan(item)) {
      TakeFindings(reinterpret_cast<const record_header*>(record.data())->time_ns);
    }
    Take(item);
  };
  auto next_second = std::chrono::steady_clock::now();
  while (!stop.stop_requested()) {
    const bool busy = options_.lookup != nullptr && options_.lookup->busy();
    ASSIGN_OR_RETURN(const std::size_t count,
                     source_.Poll(busy ? kBusyPollTimeout : kPollTimeout, handler));
    if (options_.lookup != nullptr) options_.lookup->Drain(take_);
    AnchorIfDue();
    if (count == 0) TakeFindings(UINT64_MAX);
    if (count == 0) Take(state::TickItem{state::BootTimeNs()});
    if (rules_pending_.load(std::memory_order_acquire)) TakeRules();
    if (look_pending_.load(std::memory_order_acquire)) BeLookedAt();
    const auto now = std::chrono::steady_clock::now();
    if (now < next_second) continue;
    DoEverySecond();
    next_second = now + std::chrono::seconds(1);
  }
  return {};
}

void Pipeline::Take(const state::Item& item) noexcept {
  detector_.counters().items.fetch_add(1, std::memory_order_relaxed);
  if (!cgroup_v1_) return TakeNamed(item);
  cgroup_v1_->Take(item, take_named_);
  for (const std::uint64_t gone : cgroup_v1_->TakeGone()) detector_.RemoveCgroup(gone);
}

void Pipeline::TakeNamed(const state::Item& item) noexcept {
  if (options_.tap) options_.tap(item);
  detector_.Take(item);
  for (const state::CgroupOfContainer& cgroup : detector_.TakeForKernel()) {
    if (!options_.mark_container(cgroup)) ++detector_.counters().containers_unmarked;
  }
  LookUpRecognised();
  for (const state::NamesWanted& wanted : detector_.TakeNamesWanted()) {
    if (options_.lookup != nullptr) options_.lookup->LookUpNames(wanted);
  }
}

// That they may be told of is an item too: a replay waits for what this run waited for.
void Pipeline::LookUpRecognised() {
  for (state::Container& container : detector_.TakeRecognised()) {
    if (options_.lookup == nullptr || !options_.lookup->LookUp(container)) continue;
    container.metadata.state = state::MetadataState::kPending;
    Take(state::ContainerItem{std::move(container)});
  }
}

std::shared_ptr<const ruleset::Ruleset> Pipeline::SetRules(
    std::shared_ptr<const ruleset::Ruleset> rules, std::chrono::milliseconds timeout) {
  {
    const std::lock_guard lock(rules_mutex_);
    next_rules_ = std::move(rules);
    old_rules_ = nullptr;
    rules_pending_.store(true, std::memory_order_release);
  }
  WaitFor(rules_pending_, timeout);
  const std::lock_guard lock(rules_mutex_);
  if (!rules_pending_.exchange(false)) return std::move(old_rules_);
  next_rules_ = nullptr;
  return nullptr;
}

// Until it is done, the time is over, or nobody is there any more to do it.
void Pipeline::WaitFor(const std::atomic<bool>& pending, std::chrono::milliseconds timeout) const {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  while (pending.load(std::memory_order_acquire) && !ended_ &&
         std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

// Gives the old rules back instead of letting go of them: freeing thousands takes its time.
void Pipeline::TakeRules() {
  const std::unique_lock lock(rules_mutex_, std::try_to_lock);
  if (!lock.owns_lock() || next_rules_ == nullptr) return;
  old_rules_ = std::exchange(rules_, std::exchange(next_rules_, nullptr));
  detector_.SetRules(rules_);
  rules_pending_.store(false, std::memory_order_release);
}

bool Pipeline::Look(const std::function<void(Detector&)>& look, std::chrono::milliseconds timeout) {
  const std::lock_guard one_by_one(looker_mutex_);
  {
    const std::lock_guard lock(look_mutex_);
    look_ = &look;
    look_pending_.store(true, std::memory_order_release);
  }
  WaitFor(look_pending_, timeout);
  const std::lock_guard lock(look_mutex_);
  look_ = nullptr;
  return !look_pending_.exchange(false);
}

void Pipeline::BeLookedAt() {
  const std::unique_lock lock(look_mutex_, std::try_to_lock);
  if (!lock.owns_lock() || look_ == nullptr) return;
  (*look_)(detector_);
  look_pending_.store(false, std::memory_order_release);
}

void Pipeline::DoEverySecond() {
  if (seconds_ % kSecondsBetweenHeals == 0) HealAfterLoss();
  ++seconds_;
  TellLosses();
  detector_.RefreshCounters();
}

// Soon after a step of the clock, or a suspend that one of the two clocks slept through; else now
// and then, as clocks drift.
void Pipeline::AnchorIfDue() {
  const auto now = std::chrono::steady_clock::now();
  if (now < next_clock_look_) return;
  next_clock_look_ = now + kBetweenClockLooks;
  const std::int64_t offset_ns = state::ReadWallOffset();
  const bool stepped = std::abs(offset_ns - anchored_ns_) >= kClockStepNs;
  if (!stepped && now < next_anchor_) return;
  Take(state::AnchorItem{offset_ns});
  anchored_ns_ = offset_ns;
  next_anchor_ = now + kBetweenAnchors;
}

// What was lost since it was last told.
void Pipeline::TellLosses() {
  const probe::SourceCounters counters = source_.Counters();
  state::LossItem item;
  bool flooded = false;
  for (std::size_t type = 0; type < NR_EVENTS; ++type) {
    for (std::size_t reason = 0; reason < NR_DROP_REASONS; ++reason) {
      const std::uint64_t count = counters[type].dropped[reason];
      if (count == told_losses_[type].dropped[reason]) continue;
      item.counts.push_back(
          {static_cast<event::EventType>(type), static_cast<std::uint8_t>(reason), count});
      flooded |= reason == DROP_FLOOD;
    }
  }
  told_losses_ = counters;
  if (flooded) AddFloods(item);
  if (!item.counts.empty()) Take(item);
}

void Pipeline::AddFloods(state::LossItem& item) {
  std::unordered_map<std::uint64_t, std::uint64_t> floods;
  for (const probe::Flood& flood : source_.Floods()) {
    floods.emplace(flood.cgroup_id, flood.dropped);
    const auto told = told_floods_.find(flood.cgroup_id);
    if (told != told_floods_.end() && told->second == flood.dropped) continue;
    item.floods.push_back({flood.cgroup_id, flood.dropped});
  }
  told_floods_ = std::move(floods);
}

// Lost records of process life leave holes in the tables: the task iterator fills them again, and
// procfs what it does not tell (arguments, environments, processes it leaves out).
void Pipeline::HealAfterLoss() {
  if (options_.proc_root.empty() || !findings_.empty()) return;
  const std::uint64_t drops = VitalDrops(source_.Counters());
  if (drops == vital_drops_healed_) return;
  if (!options_.cgroup_root.empty()) {
    // Without it the processes are still worth it.
    static_cast<void>(state::SurveyCgroups(options_.cgroup_root, take_));
  }
  const state::ItemHandler keep = [this](const state::Item& item) { findings_.Add(item, take_); };
  if (read_snapshot_) static_cast<void>(TakeSnapshot(keep));  // likewise
  auto living = state::SurveyProcesses(options_.proc_root, options_.cgroup_root, keep);
  if (living) {
    vital_drops_healed_ = drops;
    keep(*std::move(living));
  }
  findings_.End(state::BootTimeNs());
}

// All records of before `before_ns` were taken.
void Pipeline::TakeFindings(std::uint64_t before_ns) {
  if (findings_.empty()) return;
  findings_.Release(before_ns, take_);
  if (!findings_.empty()) return;
  detector_.RefreshCounters();
  ++detector_.counters().heals;
}

}  // namespace nezuban::daemon
