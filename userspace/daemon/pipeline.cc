// SPDX-License-Identifier: Apache-2.0
#include "daemon/pipeline.h"

#include <algorithm>
#include <ctime>
#include <utility>

#include "event/decode.h"
#include "state/procfs.h"

namespace nezuban::daemon {
namespace {

constexpr std::chrono::milliseconds kPollTimeout{100};
constexpr std::uint64_t kSecondsBetweenAnchors = 10;
constexpr std::uint64_t kSecondsBetweenHeals = 10;

std::uint64_t BootTimeNs() {
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000u +
         static_cast<std::uint64_t>(now.tv_nsec);
}

std::uint64_t VitalDrops(const probe::SourceCounters& counters) {
  std::uint64_t drops = 0;
  for (std::size_t type = 0; type < NR_EVENTS; ++type) {
    if (event::EventTable()[type].lane != LANE_VITAL) continue;
    for (std::uint64_t dropped : counters[type].dropped) drops += dropped;
  }
  return drops;
}

}  // namespace

Pipeline::Pipeline(probe::EventSource& source, std::shared_ptr<const ruleset::Ruleset> rules,
                   std::vector<alert::Sink*> sinks, Options options)
    : source_(source),
      rules_(std::move(rules)),
      sinks_(std::move(sinks)),
      options_(std::move(options)),
      matching_(options_.node, options_.rule_matching),
      processes_(options_.processes),
      enricher_(processes_, containers_),
      on_alert_([this](alert::Alert alert) { Publish(std::move(alert)); }) {}

Status Pipeline::LearnWhatIsThere(const SnapshotReader& read_snapshot) {
  if (!options_.cgroup_root.empty()) {
    ASSIGN_OR_RETURN(const auto found, containers_.Walk(options_.cgroup_root));
    Mark(found);
  }
  RETURN_IF_ERROR(read_snapshot([this](std::span<const std::byte> record) {
    if (const auto event = event::Decode(record)) enricher_.Apply(*event);
  }));
  if (!options_.proc_root.empty()) {
    ASSIGN_OR_RETURN(auto found, state::ScanProcfs(options_.proc_root));
    enricher_.Merge(std::move(found), options_.cgroup_root);
  }
  Mark(containers_.TakeForKernel());
  return {};
}

Status Pipeline::Run(const std::stop_token& stop) {
  const probe::RecordHandler handler = [this](std::span<const std::byte> record) {
    Handle(record);
  };
  auto next_second = std::chrono::steady_clock::now();
  while (!stop.stop_requested()) {
    RETURN_IF_ERROR(source_.Poll(kPollTimeout, handler));
    const auto now = std::chrono::steady_clock::now();
    if (now < next_second) continue;
    DoEverySecond();
    next_second = now + std::chrono::seconds(1);
  }
  return {};
}

void Pipeline::Handle(std::span<const std::byte> record) noexcept {
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
  if (event->type() == EVENT_CGROUP) Mark(containers_.TakeForKernel());
  rules_->Match(enriched, matching_, on_alert_);
}

void Pipeline::Publish(alert::Alert alert) {
  const std::uint64_t lost = sequence_.missing();
  alert.lost_before = lost > lost_at_last_alert_ ? lost - lost_at_last_alert_ : 0;
  lost_at_last_alert_ = lost;
  ++counters_.alerts;
  const auto shared = std::make_shared<const alert::Alert>(std::move(alert));
  for (alert::Sink* sink : sinks_) sink->Publish(shared);
}

void Pipeline::Mark(const std::vector<state::CgroupOfContainer>& cgroups) {
  for (const state::CgroupOfContainer& cgroup : cgroups) {
    if (!options_.mark_container(cgroup)) ++counters_.containers_unmarked;
  }
}

void Pipeline::DoEverySecond() {
  if (seconds_ % kSecondsBetweenAnchors == 0) enricher_.AnchorWallClock();
  if (seconds_ % kSecondsBetweenHeals == 0) HealAfterLoss();
  ++seconds_;
  counters_.missing = sequence_.missing();
  counters_.processes = processes_.live();
  counters_.processes_evicted = processes_.counters().evicted;
  counters_.containers = containers_.container_count();
}

// Lost records of process life leave holes in the tables: procfs fills them again.
void Pipeline::HealAfterLoss() {
  if (options_.proc_root.empty()) return;
  const std::uint64_t drops = VitalDrops(source_.Counters());
  if (drops == vital_drops_healed_) return;
  const std::uint64_t as_of_ns = BootTimeNs();
  auto found = state::ScanProcfs(options_.proc_root);
  if (!found) return;
  vital_drops_healed_ = drops;
  ++counters_.heals;
  std::vector<std::uint32_t> tgids;
  for (const state::ProcfsProcess& process : *found) tgids.push_back(process.tgid);
  std::sort(tgids.begin(), tgids.end());
  if (!options_.cgroup_root.empty()) {
    if (const auto cgroups = containers_.Walk(options_.cgroup_root)) Mark(*cgroups);
  }
  enricher_.Merge(std::move(*found), options_.cgroup_root);
  processes_.EndMissing(tgids, as_of_ns);
}

}  // namespace nezuban::daemon
