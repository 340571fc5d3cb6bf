// SPDX-License-Identifier: Apache-2.0
#include "cli/status_text.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

#include "alert/alert.h"
#include "alert/json.h"
#include "base/text.h"

namespace nezuban::cli {
namespace {

// A counter of NodeStatus, for both outputs.
struct Count {
  std::string_view key;
  std::string_view label;
  std::uint64_t (*get)(const rpc::NodeStatus& status);
};
using Node = const rpc::NodeStatus&;
constexpr std::array kCounts = {
    Count{"rules_loaded", "rules loaded", [](Node s) -> std::uint64_t { return s.rules_loaded; }},
    Count{"alerts", "alerts", [](Node s) { return s.alerts; }},
    Count{"alerts_dropped", "alerts lost to all", [](Node s) { return s.alerts_dropped; }},
    Count{"alerts_held_back", "alerts held back", [](Node s) { return s.alerts_held_back; }},
    Count{"subscribers", "subscribers", [](Node s) -> std::uint64_t { return s.subscribers; }},
    Count{"subscriber_drops", "alerts lost to slow ones",
          [](Node s) { return s.subscriber_drops; }},
    Count{"store_alerts", "alerts in the store", [](Node s) { return s.store.alerts; }},
    Count{"store_bytes", "  their bytes", [](Node s) { return s.store.bytes; }},
    Count{"store_deleted", "  deleted by its bounds", [](Node s) { return s.store.deleted; }},
    Count{"store_damaged", "  rows found damaged", [](Node s) { return s.store.damaged; }},
    Count{"store_unwritten", "  lost to its faults", [](Node s) { return s.store.unwritten; }},
    Count{"store_faults", "  times it failed", [](Node s) { return s.store.faults; }},
    Count{"store_failing", "  it fails now",
          [](Node s) -> std::uint64_t { return s.store.failing ? 1 : 0; }},
    Count{"processes", "processes known", [](Node s) { return s.processes; }},
    Count{"processes_evicted", "processes forgotten", [](Node s) { return s.processes_evicted; }},
    Count{"containers", "containers known", [](Node s) { return s.containers; }},
    Count{"lines_dropped", "alerts lost to stdout", [](Node s) { return s.lines_dropped; }},
    Count{"records_missing", "records that never came", [](Node s) { return s.records_missing; }},
    Count{"origins_lost", "origins lost", [](Node s) { return s.origins_lost; }},
    Count{"containers_unmarked", "container cgroups unmarked",
          [](Node s) { return s.containers_unmarked; }},
    Count{"table_heals", "repairs after losses", [](Node s) { return s.table_heals; }},
    Count{"processes_healed", "  processes they found", [](Node s) { return s.processes_healed; }},
    Count{"events_held", "events that waited", [](Node s) { return s.hold.all; }},
    Count{"held_now", "  waiting now", [](Node s) { return s.hold.now; }},
    Count{"held_resolved", "  what they lacked came", [](Node s) { return s.hold.resolved; }},
    Count{"held_expired", "  it did not come", [](Node s) { return s.hold.expired; }},
    Count{"held_overflowed", "no room to wait", [](Node s) { return s.hold.overflowed; }},
    Count{"correlated_groups", "groups remembered", [](Node s) { return s.correlation.groups; }},
    Count{"correlated_bytes", "  their bytes", [](Node s) { return s.correlation.bytes; }},
    Count{"correlated_evicted", "  given up for room",
          [](Node s) { return s.correlation.evicted; }},
    Count{"metadata_lookups", "containers asked for", [](Node s) { return s.metadata.lookups; }},
    Count{"metadata_found", "  the runtime told", [](Node s) { return s.metadata.found; }},
    Count{"metadata_unknown", "  none of its", [](Node s) { return s.metadata.unknown; }},
    Count{"metadata_pending", "  still asked for", [](Node s) { return s.metadata.pending; }},
    Count{"metadata_slow", "  told late", [](Node s) { return s.metadata.slow; }},
    Count{"metadata_slowest_ms", "  slowest, ms", [](Node s) { return s.metadata.slowest_ms; }},
    Count{"metadata_failed", "  calls that failed", [](Node s) { return s.metadata.failed; }},
    Count{"metadata_dropped", "  no room to ask", [](Node s) { return s.metadata.dropped; }},
    Count{"metadata_reachable", "  the runtime answers",
          [](Node s) -> std::uint64_t { return s.metadata.reachable ? 1 : 0; }},
    Count{"metadata_events", "  told unasked", [](Node s) { return s.metadata.events; }},
    Count{"names_read", "users' names read", [](Node s) { return s.metadata.names_read; }},
    Count{"names_unreadable", "  could not be", [](Node s) { return s.metadata.names_unreadable; }},
    Count{"names_stuck", "  held up now", [](Node s) { return s.metadata.names_stuck; }},
    Count{"names_dropped", "  no room to ask", [](Node s) { return s.metadata.names_dropped; }},
    Count{"api_server_asked", "API server asked",
          [](Node s) -> std::uint64_t { return s.api_server.asked ? 1 : 0; }},
    Count{"api_server_reachable", "  it answers",
          [](Node s) -> std::uint64_t { return s.api_server.reachable ? 1 : 0; }},
    Count{"api_server_requests", "  requests", [](Node s) { return s.api_server.requests; }},
    Count{"api_server_failed", "  that failed", [](Node s) { return s.api_server.failed; }},
    Count{"api_server_refused", "  that were refused", [](Node s) { return s.api_server.refused; }},
    Count{"api_server_events", "  changes told", [](Node s) { return s.api_server.events; }},
    Count{"api_server_unreadable", "  that made no sense",
          [](Node s) { return s.api_server.unreadable; }},
    Count{"api_server_dropped", "  no room for", [](Node s) { return s.api_server.dropped; }},
    Count{"api_server_pods", "  pods known", [](Node s) { return s.api_server.pods; }},
    Count{"api_server_pending", "  pods not told of", [](Node s) { return s.api_server.pending; }},
    Count{"alerts_without_metadata", "alerts without their pod",
          [](Node s) { return s.metadata.alerts_without; }},
    Count{"malformed_records", "malformed records", [](Node s) { return s.malformed_records; }},
};

// Padded by characters, not bytes: names are ASCII once Printable has seen control characters.
std::string Pad(std::string_view text, std::size_t width) {
  std::string out(text);
  out.append(width - std::min(width, out.size()), ' ');
  return out;
}

std::string Right(const std::string& text, std::size_t width) {
  return std::string(width - std::min(width, text.size()), ' ') + text;
}

std::string EventLine(const rpc::EventStatus& event) {
  std::string drops;
  std::uint64_t dropped = 0;
  for (const auto& [reason, count] : event.dropped) {
    if (count == 0) continue;
    dropped += count;
    drops += (drops.empty() ? "" : ", ") + Printable(reason) + " " + std::to_string(count);
  }
  return "  " + Pad(Printable(event.event), 14) + Right(std::to_string(event.seen), 12) +
         Right(std::to_string(event.delivered), 12) + Right(std::to_string(event.filtered), 12) +
         Right(std::to_string(dropped), 12) + (drops.empty() ? "" : "  (" + drops + ")") + "\n";
}

std::string SensorLine(const rpc::SensorStatus& sensor) {
  return "  " + Pad(Printable(sensor.event), 14) + Pad(ToString(sensor.kind), 12) +
         (sensor.proved ? "proved  " : "        ") + Printable(sensor.hook) +
         (sensor.why.empty() ? "" : ": " + Printable(sensor.why)) + "\n";
}

std::string RulesText(const rpc::RulesStatus& rules) {
  std::string text = "  rules: generation " + std::to_string(rules.generation) + ", version " +
                     Printable(rules.version) + ", loaded " +
                     alert::FormatTime(rules.loaded_time_ns) + "\n";
  if (rules.error.empty()) return text;
  return text + "  refused at " + alert::FormatTime(rules.error_time_ns) + ": " +
         Printable(rules.error) + "\n";
}

// Only where something is wrong.
std::string StoreText(const rpc::NodeStatus& status) {
  if (status.store.fault.empty()) return {};
  return std::string("  the store ") + (status.store.failing ? "fails: " : "has failed: ") +
         Printable(status.store.fault) + "\n";
}

std::string SinkLine(const rpc::SinkStatus& sink) {
  std::string line = "  " + Pad(Printable(sink.name), 14) + Pad(Printable(sink.type), 10) +
                     Right(std::to_string(sink.sent), 12) +
                     Right(std::to_string(sink.retried), 10) +
                     Right(std::to_string(sink.refused), 10) + Right(std::to_string(sink.lost), 10);
  if (!sink.problem.empty()) line += "  " + Printable(sink.problem);
  return line + "\n";
}

std::string SinksText(const std::vector<rpc::SinkStatus>& sinks) {
  if (sinks.empty()) return {};
  std::string text = "\nsinks                     " + Right("sent", 12) + Right("retried", 10) +
                     Right("refused", 10) + Right("lost", 10) + "\n";
  for (const rpc::SinkStatus& sink : sinks) text += SinkLine(sink);
  return text;
}

// A counter of SinkStatus in JSON.
struct SinkCount {
  std::string_view key;
  std::uint64_t rpc::SinkStatus::*count;
};
constexpr std::array kSinkCounts = {
    SinkCount{"sent", &rpc::SinkStatus::sent},
    SinkCount{"filtered", &rpc::SinkStatus::filtered},
    SinkCount{"retried", &rpc::SinkStatus::retried},
    SinkCount{"refused", &rpc::SinkStatus::refused},
    SinkCount{"lost", &rpc::SinkStatus::lost},
    SinkCount{"position", &rpc::SinkStatus::position},
};

void WriteSink(alert::Json& json, const rpc::SinkStatus& sink) {
  json.Open('{').Key("name").String(sink.name).Key("type").String(sink.type);
  for (const SinkCount& count : kSinkCounts) {
    json.Key(count.key).Number(static_cast<std::int64_t>(sink.*count.count));
  }
  json.Key("problem").String(sink.problem).Close('}');
}

void WriteRules(alert::Json& json, const rpc::RulesStatus& rules) {
  json.Open('{').Key("generation").Number(static_cast<std::int64_t>(rules.generation));
  json.Key("version").String(rules.version);
  json.Key("loaded_time").String(alert::FormatTime(rules.loaded_time_ns));
  json.Key("count").Number(rules.count).Key("error").String(rules.error);
  if (!rules.error.empty()) {
    json.Key("error_time").String(alert::FormatTime(rules.error_time_ns));
  }
  json.Close('}');
}

void WriteEvent(alert::Json& json, const rpc::EventStatus& event) {
  json.Open('{').Key("event").String(event.event);
  json.Key("seen").Number(static_cast<std::int64_t>(event.seen));
  json.Key("delivered").Number(static_cast<std::int64_t>(event.delivered));
  json.Key("filtered").Number(static_cast<std::int64_t>(event.filtered));
  json.Key("dropped").Open('{');
  for (const auto& [reason, count] : event.dropped) {
    json.Key(reason).Number(static_cast<std::int64_t>(count));
  }
  json.Close('}').Close('}');
}

void WriteSensor(alert::Json& json, const rpc::SensorStatus& sensor) {
  json.Open('{').Key("event").String(sensor.event).Key("kind").String(ToString(sensor.kind));
  json.Key("hook").String(sensor.hook).Key("proved").Bool(sensor.proved);
  json.Key("why").String(sensor.why).Close('}');
}

}  // namespace

std::string StatusText(const rpc::NodeStatus& status) {
  std::string text = "nezuban " + Printable(status.version) + " on " + Printable(status.hostname) +
                     ", kernel " + Printable(status.kernel_release) + ", since " +
                     alert::FormatTime(status.start_time_ns) + "\n\n";
  if (!status.problem.empty()) text += "NOT HEALTHY: " + Printable(status.problem) + "\n\n";
  if (status.rules.generation > 0) text += RulesText(status.rules) + "\n";
  for (const Count& count : kCounts) {
    text += "  " + Pad(count.label, 26) + Right(std::to_string(count.get(status)), 12) + "\n";
  }
  text += StoreText(status);
  text += "\nevents              " + Right("seen", 8) + Right("delivered", 12) +
          Right("filtered", 12) + Right("dropped", 12) + "\n";
  for (const rpc::EventStatus& event : status.events) text += EventLine(event);
  text += SinksText(status.sinks);
  text += "\nsensors\n";
  for (const rpc::SensorStatus& sensor : status.sensors) text += SensorLine(sensor);
  return text;
}

std::string StatusJson(const rpc::NodeStatus& status) {
  alert::Json json;
  json.Open('{').Key("version").String(status.version);
  json.Key("kernel_release").String(status.kernel_release);
  json.Key("hostname").String(status.hostname);
  json.Key("node").String(status.node).Key("cluster").String(status.cluster);
  json.Key("problem").String(status.problem);
  json.Key("start_time").String(alert::FormatTime(status.start_time_ns));
  for (const Count& count : kCounts) {
    json.Key(count.key).Number(static_cast<std::int64_t>(count.get(status)));
  }
  json.Key("store_fault").String(status.store.fault);
  json.Key("rules");
  WriteRules(json, status.rules);
  json.Key("events").Open('[');
  for (const rpc::EventStatus& event : status.events) WriteEvent(json, event);
  json.Close(']').Key("sensors").Open('[');
  for (const rpc::SensorStatus& sensor : status.sensors) WriteSensor(json, sensor);
  json.Close(']').Key("sinks").Open('[');
  for (const rpc::SinkStatus& sink : status.sinks) WriteSink(json, sink);
  return json.Close(']').Close('}').Take();
}

}  // namespace nezuban::cli
