// SPDX-License-Identifier: Apache-2.0
#include "daemon/status.h"

#include <sys/utsname.h>

#include <utility>

#include "base/clock.h"

namespace nezuban::daemon {
namespace {

rpc::SensorKind ToStatus(probe::SensorKind kind) {
  switch (kind) {
    case probe::SensorKind::kObject:
      return rpc::SensorKind::kObject;
    case probe::SensorKind::kTracepoint:
      return rpc::SensorKind::kTracepoint;
    case probe::SensorKind::kNone:
      return rpc::SensorKind::kNone;
  }
  return rpc::SensorKind::kNone;
}

}  // namespace

std::vector<rpc::SensorStatus> ToStatus(const std::vector<probe::SensorStatus>& sensors) {
  std::vector<rpc::SensorStatus> out;
  for (const probe::SensorStatus& sensor : sensors) {
    out.push_back({std::string(event::MainName(sensor.event)),
                   ToStatus(sensor.kind),
                   sensor.hook,
                   sensor.proved,
                   sensor.why,
                   {sensor.blind_spots.begin(), sensor.blind_spots.end()}});
  }
  return out;
}

StatusBoard::StatusBoard(const ruleset::NodeIdentity& node, const RuleLoader& rules)
    : rules_(rules) {
  utsname name{};
  ::uname(&name);
  fixed_.version = NEZUBAN_VERSION;
  fixed_.kernel_release = name.release;
  fixed_.hostname = node.hostname;
  fixed_.node = node.node;
  fixed_.cluster = node.cluster;
  fixed_.start_time_ns = WallClockNs();
}

void StatusBoard::Connect(const PipelineCounters* pipeline, const probe::ProbeSource* source,
                          const alert::Sink* lines, const SinkSet* sinks) {
  std::lock_guard lock(mutex_);
  pipeline_ = pipeline;
  source_ = source;
  lines_ = lines;
  sinks_ = sinks;
}

void StatusBoard::Connect(const RuntimeLookup* lookup) {
  const std::lock_guard lock(mutex_);
  lookup_ = lookup;
}

void StatusBoard::ConnectHealth(const Health* health) {
  const std::lock_guard lock(mutex_);
  health_ = health;
}

void StatusBoard::Disconnect() {
  const std::lock_guard lock(mutex_);
  pipeline_ = nullptr;
  source_ = nullptr;
  lines_ = nullptr;
  sinks_ = nullptr;
  lookup_ = nullptr;
  health_ = nullptr;
}

rpc::NodeStatus StatusBoard::Read() const {
  rpc::NodeStatus status = fixed_;
  status.rules = rules_.status();
  status.rules_loaded = status.rules.count;
  std::lock_guard lock(mutex_);
  if (pipeline_ == nullptr) return status;
  status.sensors = ToStatus(source_->sensors());
  status.malformed_records = pipeline_->malformed_unknown;
  status.processes = pipeline_->processes;
  status.processes_evicted = pipeline_->processes_evicted;
  status.containers = pipeline_->containers;
  status.lines_dropped = lines_ != nullptr ? lines_->dropped() : 0;
  status.alerts = pipeline_->alerts;
  status.alerts_held_back = pipeline_->held_back;
  status.records_missing = pipeline_->missing;
  status.origins_lost = source_->OriginLosses();
  status.containers_unmarked = pipeline_->containers_unmarked;
  status.table_heals = pipeline_->heals;
  status.processes_healed = pipeline_->processes_healed;
  status.hold = {pipeline_->held, pipeline_->held_now, pipeline_->resolved, pipeline_->expired,
                 pipeline_->overflowed};
  status.sinks = sinks_->Status();
  status.correlation = {pipeline_->correlated_groups, pipeline_->correlated_bytes,
                        pipeline_->correlated_evicted};
  if (health_ != nullptr) {
    status.problem = health_->Problem();
    status.self_test_age_ms = static_cast<std::uint64_t>(health_->Age().count());
  }
  status.rule_alerts = pipeline_->rule_alerts.Read();
  ReadMetadata(status);
  ReadApiServer(status);
  ReadEvents(status);
  return status;
}

void StatusBoard::ReadMetadata(rpc::NodeStatus& status) const {
  status.metadata.alerts_without = pipeline_->alerts_without_metadata;
  if (lookup_ == nullptr) return;
  const cri::ClientCounters c = lookup_->counters();
  const NamesCounters names = lookup_->names_counters();
  status.metadata = {.lookups = c.lookups,
                     .found = c.found,
                     .unknown = c.unknown,
                     .slow = c.slow,
                     .failed = c.failed,
                     .dropped = c.dropped,
                     .pending = c.pending,
                     .slowest_ms = c.slowest_ms,
                     .reachable = c.reachable,
                     .alerts_without = status.metadata.alerts_without,
                     .events = c.events,
                     .names_read = names.read,
                     .names_unreadable = names.unreadable,
                     .names_stuck = names.stuck,
                     .names_dropped = names.dropped};
}

void StatusBoard::ReadApiServer(rpc::NodeStatus& status) const {
  if (lookup_ == nullptr) return;
  const auto c = lookup_->cluster_counters();
  if (!c) return;
  status.api_server = {.asked = true,
                       .reachable = c->reachable,
                       .requests = c->requests,
                       .failed = c->failed,
                       .refused = c->refused,
                       .events = c->events,
                       .unreadable = c->unreadable,
                       .dropped = c->dropped,
                       .pods = c->pods,
                       .pending = c->pending};
}

// Submitted records that are still on their way count as delivered: they are not lost.
void StatusBoard::ReadEvents(rpc::NodeStatus& status) const {
  const probe::SourceCounters counters = source_->Counters();
  for (std::size_t type = 0; type < NR_EVENTS; ++type) {
    const probe::EventCounters& kernel = counters[type];
    rpc::EventStatus event;
    event.event = event::MainName(static_cast<event::EventType>(type));
    const std::uint64_t malformed = pipeline_->malformed[type];
    event.delivered = kernel.submitted > malformed ? kernel.submitted - malformed : 0;
    event.filtered = kernel.filtered;
    event.seen = event.delivered + event.filtered;
    for (int reason = 0; reason < NR_DROP_REASONS; ++reason) {
      event.dropped.emplace_back(event::DropReasonName(reason), kernel.dropped[reason]);
    }
    event.dropped.emplace_back("malformed", malformed);
    for (const auto& [reason, count] : event.dropped) event.seen += count;
    status.events.push_back(std::move(event));
  }
}

}  // namespace nezuban::daemon
