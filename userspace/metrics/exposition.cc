// SPDX-License-Identifier: Apache-2.0
#include "metrics/exposition.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <array>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace nezuban::metrics {
namespace {

using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<prometheus::ClientMetric::Label>;
using Status = const rpc::NodeStatus&;

// A number of the whole node.
struct Row {
  const char* name;
  const char* help;
  MetricType type;
  std::uint64_t (*get)(Status status);
};
constexpr std::array kRows = {
    Row{"nezuban_alerts_total", "Alerts made.", MetricType::Counter,
        [](Status s) { return s.alerts; }},
    Row{"nezuban_alerts_dropped_total", "Alerts lost to everyone.", MetricType::Counter,
        [](Status s) { return s.alerts_dropped; }},
    Row{"nezuban_alerts_held_back_total", "Alerts counted in summaries instead of being told.",
        MetricType::Counter, [](Status s) { return s.alerts_held_back; }},
    Row{"nezuban_stdout_dropped_total", "Alerts that standard output did not take.",
        MetricType::Counter, [](Status s) { return s.lines_dropped; }},
    Row{"nezuban_subscribers", "Streams of alerts that are open.", MetricType::Gauge,
        [](Status s) -> std::uint64_t { return s.subscribers; }},
    Row{"nezuban_subscriber_dropped_total", "Alerts lost to single subscribers.",
        MetricType::Counter, [](Status s) { return s.subscriber_drops; }},
    Row{"nezuban_rules", "Rules that are loaded and enabled.", MetricType::Gauge,
        [](Status s) -> std::uint64_t { return s.rules_loaded; }},
    Row{"nezuban_rules_generation", "Rule sets loaded since the start.", MetricType::Gauge,
        [](Status s) { return s.rules.generation; }},
    Row{"nezuban_rules_refused", "1 if the last attempt to load rules was refused.",
        MetricType::Gauge, [](Status s) -> std::uint64_t { return s.rules.error.empty() ? 0 : 1; }},
    Row{"nezuban_store_alerts", "Alerts held by the store.", MetricType::Gauge,
        [](Status s) { return s.store.alerts; }},
    Row{"nezuban_store_bytes", "Bytes of the alerts held by the store.", MetricType::Gauge,
        [](Status s) { return s.store.bytes; }},
    Row{"nezuban_store_written_total", "Alerts and gaps written by the store.", MetricType::Counter,
        [](Status s) { return s.store.written; }},
    Row{"nezuban_store_syncs_total", "Commits of the store that waited for the disk.",
        MetricType::Counter, [](Status s) { return s.store.syncs; }},
    Row{"nezuban_store_deleted_total", "Alerts deleted because of the store's bounds.",
        MetricType::Counter, [](Status s) { return s.store.deleted; }},
    Row{"nezuban_store_damaged_total", "Rows of the store that were found damaged.",
        MetricType::Counter, [](Status s) { return s.store.damaged; }},
    Row{"nezuban_store_unwritten_total", "Alerts lost because the store could not write them.",
        MetricType::Counter, [](Status s) { return s.store.unwritten; }},
    Row{"nezuban_store_faults_total", "Times the store began to fail.", MetricType::Counter,
        [](Status s) { return s.store.faults; }},
    Row{"nezuban_store_failing", "1 while the store fails: alerts flow from memory.",
        MetricType::Gauge, [](Status s) -> std::uint64_t { return s.store.failing ? 1 : 0; }},
    Row{"nezuban_processes", "Living processes known.", MetricType::Gauge,
        [](Status s) { return s.processes; }},
    Row{"nezuban_processes_evicted_total", "Ended processes forgotten early.", MetricType::Counter,
        [](Status s) { return s.processes_evicted; }},
    Row{"nezuban_containers", "Containers known.", MetricType::Gauge,
        [](Status s) { return s.containers; }},
    Row{"nezuban_containers_unmarked_total", "Cgroups of containers the kernel was not told of.",
        MetricType::Counter, [](Status s) { return s.containers_unmarked; }},
    Row{"nezuban_records_missing_total", "Records numbered by the kernel that never came.",
        MetricType::Counter, [](Status s) { return s.records_missing; }},
    Row{"nezuban_records_malformed_total", "Records that no event could be told of.",
        MetricType::Counter, [](Status s) { return s.malformed_records; }},
    Row{"nezuban_origins_lost_total", "Tasks whose origin could not be kept.", MetricType::Counter,
        [](Status s) { return s.origins_lost; }},
    Row{"nezuban_table_heals_total", "Scans of /proc after lost records.", MetricType::Counter,
        [](Status s) { return s.table_heals; }},
    Row{"nezuban_processes_healed_total", "Processes found after lost records.",
        MetricType::Counter, [](Status s) { return s.processes_healed; }},
    Row{"nezuban_metadata_lookups_total", "Containers the runtime was asked for.",
        MetricType::Counter, [](Status s) { return s.metadata.lookups; }},
    Row{"nezuban_metadata_found_total", "Containers the runtime told of.", MetricType::Counter,
        [](Status s) { return s.metadata.found; }},
    Row{"nezuban_metadata_slow_total", "Containers told of later than half a second.",
        MetricType::Counter, [](Status s) { return s.metadata.slow; }},
    Row{"nezuban_metadata_failed_total", "Calls to the runtime that failed.", MetricType::Counter,
        [](Status s) { return s.metadata.failed; }},
    Row{"nezuban_metadata_dropped_total", "Containers there was no room to ask for.",
        MetricType::Counter, [](Status s) { return s.metadata.dropped; }},
    Row{"nezuban_metadata_pending", "Containers being asked for.", MetricType::Gauge,
        [](Status s) { return s.metadata.pending; }},
    Row{"nezuban_metadata_reachable", "1 if the runtime answered the last call.", MetricType::Gauge,
        [](Status s) -> std::uint64_t { return s.metadata.reachable ? 1 : 0; }},
    Row{"nezuban_metadata_events_total", "Changes the runtime told of without being asked.",
        MetricType::Counter, [](Status s) { return s.metadata.events; }},
    Row{"nezuban_alerts_without_metadata_total",
        "Alerts that could not say what pod or image, although there may be one.",
        MetricType::Counter, [](Status s) { return s.metadata.alerts_without; }},
    Row{"nezuban_names_unreadable_total", "Times users' names could not be read in time.",
        MetricType::Counter, [](Status s) { return s.metadata.names_unreadable; }},
    Row{"nezuban_names_stuck", "Threads a container's file system holds up.", MetricType::Gauge,
        [](Status s) { return s.metadata.names_stuck; }},
    Row{"nezuban_api_server_reachable",
        "1 if the cluster's API server answered the last request; 0 as well if none is asked.",
        MetricType::Gauge,
        [](Status s) -> std::uint64_t { return s.api_server.reachable ? 1 : 0; }},
    Row{"nezuban_api_server_requests_total", "Requests to the cluster's API server.",
        MetricType::Counter, [](Status s) { return s.api_server.requests; }},
    Row{"nezuban_api_server_failed_total", "Requests to it that failed, refused ones included.",
        MetricType::Counter, [](Status s) { return s.api_server.failed; }},
    Row{"nezuban_api_server_refused_total",
        "Requests to it that were refused for want of a right or of a valid token.",
        MetricType::Counter, [](Status s) { return s.api_server.refused; }},
    Row{"nezuban_api_server_unreadable_total", "Objects it told of that made no sense.",
        MetricType::Counter, [](Status s) { return s.api_server.unreadable; }},
    Row{"nezuban_api_server_dropped_total", "Objects it told of for which there was no room.",
        MetricType::Counter, [](Status s) { return s.api_server.dropped; }},
    Row{"nezuban_api_server_pending", "Pods of containers it has not told of.", MetricType::Gauge,
        [](Status s) { return s.api_server.pending; }},
    Row{"nezuban_healthy", "1 if the self-test's events come through.", MetricType::Gauge,
        [](Status s) -> std::uint64_t { return s.problem.empty() ? 1 : 0; }},
    Row{"nezuban_self_test_age_seconds",
        "Time since an event of the self-test, of the one that is overdue for longest.",
        MetricType::Gauge, [](Status s) { return s.self_test_age_ms / 1000; }},
    Row{"nezuban_events_held_total", "Events that waited for what could still arrive.",
        MetricType::Counter, [](Status s) { return s.hold.all; }},
    Row{"nezuban_events_hold_expired_total", "Events for which it did not arrive in time.",
        MetricType::Counter, [](Status s) { return s.hold.expired; }},
    Row{"nezuban_events_hold_overflowed_total", "Events for which there was no room to wait.",
        MetricType::Counter, [](Status s) { return s.hold.overflowed; }},
};

// A number of one sink.
struct SinkRow {
  const char* name;
  const char* help;
  MetricType type;
  std::uint64_t (*get)(const rpc::SinkStatus& sink);
};
using Sink = const rpc::SinkStatus&;
constexpr std::array kSinkRows = {
    SinkRow{"nezuban_sink_sent_total", "Alerts that the sink's peer has.", MetricType::Counter,
            [](Sink s) { return s.sent; }},
    SinkRow{"nezuban_sink_filtered_total", "Alerts that the sink was not asked to send.",
            MetricType::Counter, [](Sink s) { return s.filtered; }},
    SinkRow{"nezuban_sink_retried_total", "Attempts that failed.", MetricType::Counter,
            [](Sink s) { return s.retried; }},
    SinkRow{"nezuban_sink_refused_total", "Alerts that the peer will never take.",
            MetricType::Counter, [](Sink s) { return s.refused; }},
    SinkRow{"nezuban_sink_lost_total", "Alerts lost before the sink could have them.",
            MetricType::Counter, [](Sink s) { return s.lost; }},
    SinkRow{"nezuban_sink_position", "Cursor of the last alert that is done with.",
            MetricType::Gauge, [](Sink s) { return s.position; }},
    SinkRow{"nezuban_sink_failing", "1 if the last attempt failed.", MetricType::Gauge,
            [](Sink s) -> std::uint64_t { return s.problem.empty() ? 0 : 1; }},
};

void Add(MetricFamily& family, Labels labels, std::uint64_t value) {
  prometheus::ClientMetric metric;
  metric.label = std::move(labels);
  metric.counter.value = static_cast<double>(value);
  metric.gauge.value = static_cast<double>(value);
  family.metric.push_back(std::move(metric));
}

MetricFamily Family(const char* name, const char* help, MetricType type) {
  MetricFamily family;
  family.name = name;
  family.help = help;
  family.type = type;
  return family;
}

void AddEvents(Status status, std::vector<MetricFamily>& families) {
  MetricFamily seen =
      Family("nezuban_events_seen_total", "Events the sensors saw.", MetricType::Counter);
  MetricFamily delivered = Family("nezuban_events_delivered_total",
                                  "Events that reached the rules.", MetricType::Counter);
  MetricFamily filtered =
      Family("nezuban_events_filtered_total", "Events dropped in the kernel as no rule wants them.",
             MetricType::Counter);
  MetricFamily dropped =
      Family("nezuban_events_dropped_total", "Events lost, by reason.", MetricType::Counter);
  for (const rpc::EventStatus& event : status.events) {
    Add(seen, {{"event", event.event}}, event.seen);
    Add(delivered, {{"event", event.event}}, event.delivered);
    Add(filtered, {{"event", event.event}}, event.filtered);
    for (const auto& [reason, count] : event.dropped) {
      Add(dropped, {{"event", event.event}, {"reason", reason}}, count);
    }
  }
  for (MetricFamily* family : {&seen, &delivered, &filtered, &dropped}) {
    if (!family->metric.empty()) families.push_back(std::move(*family));
  }
}

}  // namespace

std::string Exposition(const rpc::NodeStatus& status) {
  std::vector<MetricFamily> families;
  families.push_back(Family("nezuban_info", "Which version runs where.", MetricType::Gauge));
  Add(families.back(),
      {{"version", status.version},
       {"kernel", status.kernel_release},
       {"hostname", status.hostname},
       {"node", status.node},
       {"cluster", status.cluster},
       {"rules", status.rules.version}},
      1);
  families.push_back(
      Family("nezuban_start_time_seconds", "When the monitor started.", MetricType::Gauge));
  Add(families.back(), {}, static_cast<std::uint64_t>(status.start_time_ns / 1'000'000'000));
  for (const Row& row : kRows) {
    families.push_back(Family(row.name, row.help, row.type));
    Add(families.back(), {}, row.get(status));
  }
  AddEvents(status, families);
  if (!status.rule_alerts.empty()) {
    families.push_back(Family("nezuban_rule_alerts_total",
                              "Alerts of a rule since it was loaded; of the rules with the most.",
                              MetricType::Counter));
    for (const auto& [rule, alerts] : status.rule_alerts) {
      Add(families.back(), {{"rule", rule}}, alerts);
    }
  }
  for (const SinkRow& row : kSinkRows) {
    if (status.sinks.empty()) break;
    families.push_back(Family(row.name, row.help, row.type));
    for (const rpc::SinkStatus& sink : status.sinks) {
      Add(families.back(), {{"sink", sink.name}, {"type", sink.type}}, row.get(sink));
    }
  }
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace nezuban::metrics
