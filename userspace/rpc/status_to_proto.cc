// SPDX-License-Identifier: Apache-2.0
// The node's status and its heartbeats to messages and back; declared in to_proto.h.
#include <array>

#include "base/text.h"
#include "nezuban/v1/alert_service.pb.h"
#include "nezuban/v1/node_service.pb.h"
#include "rpc/to_proto.h"

namespace nezuban::rpc {
namespace {

void SensorToProto(const SensorStatus& sensor, v1::Sensor& out) {
  out.set_event(ValidUtf8(sensor.event));
  out.set_kind(static_cast<v1::SensorKind>(sensor.kind));
  out.set_hook(ValidUtf8(sensor.hook));
  out.set_proved(sensor.proved);
  out.set_why(ValidUtf8(sensor.why));
}

SensorStatus SensorFromProto(const v1::Sensor& in) {
  SensorStatus sensor{in.event(), SensorKind::kNone, in.hook(), in.proved(), in.why()};
  if (in.kind() == v1::SENSOR_KIND_OBJECT) sensor.kind = SensorKind::kObject;
  if (in.kind() == v1::SENSOR_KIND_TRACEPOINT) sensor.kind = SensorKind::kTracepoint;
  return sensor;
}

void EventToProto(const EventStatus& event, v1::EventCounters& out) {
  out.set_event(ValidUtf8(event.event));
  out.set_seen(event.seen);
  out.set_delivered(event.delivered);
  out.set_filtered(event.filtered);
  for (const auto& [reason, count] : event.dropped) {
    v1::DropCount* drop = out.add_dropped();
    drop->set_reason(ValidUtf8(reason));
    drop->set_count(count);
  }
}

EventStatus EventFromProto(const v1::EventCounters& in) {
  EventStatus event{in.event(), in.seen(), in.delivered(), in.filtered(), {}};
  for (const v1::DropCount& drop : in.dropped()) {
    event.dropped.emplace_back(drop.reason(), drop.count());
  }
  return event;
}

void RulesToProto(const RulesStatus& rules, v1::RulesStatus& out) {
  out.set_generation(rules.generation);
  out.set_version(ValidUtf8(rules.version));
  ToProto(rules.loaded_time_ns, *out.mutable_loaded_time());
  out.set_count(rules.count);
  out.set_error(ValidUtf8(rules.error));
  if (rules.error_time_ns != 0) ToProto(rules.error_time_ns, *out.mutable_error_time());
}

RulesStatus RulesFromProto(const v1::RulesStatus& in) {
  return {in.generation(), in.version(), FromProto(in.loaded_time()),
          in.count(),      in.error(),   in.has_error_time() ? FromProto(in.error_time()) : 0};
}

void HoldToProto(const HoldStatus& hold, v1::HoldStatus& out) {
  out.set_all(hold.all);
  out.set_now(hold.now);
  out.set_resolved(hold.resolved);
  out.set_expired(hold.expired);
  out.set_overflowed(hold.overflowed);
}

HoldStatus HoldFromProto(const v1::HoldStatus& in) {
  return {in.all(), in.now(), in.resolved(), in.expired(), in.overflowed()};
}

void MetadataToProto(const MetadataStatus& metadata, v1::MetadataStatus& out) {
  out.set_lookups(metadata.lookups);
  out.set_found(metadata.found);
  out.set_unknown(metadata.unknown);
  out.set_slow(metadata.slow);
  out.set_failed(metadata.failed);
  out.set_dropped(metadata.dropped);
  out.set_pending(metadata.pending);
  out.set_slowest_ms(metadata.slowest_ms);
  out.set_reachable(metadata.reachable);
  out.set_alerts_without(metadata.alerts_without);
  out.set_events(metadata.events);
  out.set_names_read(metadata.names_read);
  out.set_names_unreadable(metadata.names_unreadable);
  out.set_names_stuck(metadata.names_stuck);
  out.set_names_dropped(metadata.names_dropped);
}

MetadataStatus MetadataFromProto(const v1::MetadataStatus& in) {
  return {in.lookups(),          in.found(),          in.unknown(),      in.slow(),
          in.failed(),           in.dropped(),        in.pending(),      in.slowest_ms(),
          in.reachable(),        in.alerts_without(), in.events(),       in.names_read(),
          in.names_unreadable(), in.names_stuck(),    in.names_dropped()};
}

void ApiServerToProto(const ApiServerStatus& server, v1::ApiServerStatus& out) {
  out.set_asked(server.asked);
  out.set_reachable(server.reachable);
  out.set_requests(server.requests);
  out.set_failed(server.failed);
  out.set_refused(server.refused);
  out.set_events(server.events);
  out.set_unreadable(server.unreadable);
  out.set_dropped(server.dropped);
  out.set_pods(server.pods);
  out.set_pending(server.pending);
}

ApiServerStatus ApiServerFromProto(const v1::ApiServerStatus& in) {
  return {in.asked(),  in.reachable(),  in.requests(), in.failed(), in.refused(),
          in.events(), in.unreadable(), in.dropped(),  in.pods(),   in.pending()};
}

void SinkToProto(const SinkStatus& sink, v1::SinkStatus& out) {
  out.set_name(ValidUtf8(sink.name));
  out.set_type(ValidUtf8(sink.type));
  out.set_sent(sink.sent);
  out.set_filtered(sink.filtered);
  out.set_retried(sink.retried);
  out.set_refused(sink.refused);
  out.set_lost(sink.lost);
  out.set_position(sink.position);
  out.set_problem(ValidUtf8(sink.problem));
}

SinkStatus SinkFromProto(const v1::SinkStatus& in) {
  return {in.name(),    in.type(), in.sent(),     in.filtered(), in.retried(),
          in.refused(), in.lost(), in.position(), in.problem()};
}

// A number of StoreStatus.
struct StoreNumber {
  std::uint64_t store::StoreCounters::*member;
  void (v1::StoreStatus::*set)(std::uint64_t);
  std::uint64_t (v1::StoreStatus::*get)() const;
};
using Counters = store::StoreCounters;
using V1 = v1::StoreStatus;
constexpr std::array kStoreNumbers = {
    StoreNumber{&Counters::alerts, &V1::set_alerts, &V1::alerts},
    StoreNumber{&Counters::bytes, &V1::set_bytes, &V1::bytes},
    StoreNumber{&Counters::oldest, &V1::set_oldest, &V1::oldest},
    StoreNumber{&Counters::newest, &V1::set_newest, &V1::newest},
    StoreNumber{&Counters::written, &V1::set_written, &V1::written},
    StoreNumber{&Counters::syncs, &V1::set_syncs, &V1::syncs},
    StoreNumber{&Counters::deleted, &V1::set_deleted, &V1::deleted},
    StoreNumber{&Counters::damaged, &V1::set_damaged, &V1::damaged},
    StoreNumber{&Counters::unwritten, &V1::set_unwritten, &V1::unwritten},
    StoreNumber{&Counters::faults, &V1::set_faults, &V1::faults},
};

void StoreToProto(const NodeStatus& status, v1::StoreStatus& out) {
  for (const StoreNumber& number : kStoreNumbers) {
    (out.*number.set)(status.store.*number.member);
  }
  out.set_id(ValidUtf8(status.store_id));
  out.set_failing(status.store.failing);
  out.set_fault(ValidUtf8(status.store.fault));
}

void StoreFromProto(const v1::StoreStatus& in, NodeStatus& status) {
  for (const StoreNumber& number : kStoreNumbers) {
    status.store.*number.member = (in.*number.get)();
  }
  status.store_id = in.id();
  status.store.failing = in.failing();
  status.store.fault = in.fault();
}

static_assert(static_cast<int>(SensorKind::kNone) == v1::SENSOR_KIND_UNSPECIFIED);
static_assert(static_cast<int>(SensorKind::kObject) == v1::SENSOR_KIND_OBJECT);
static_assert(static_cast<int>(SensorKind::kTracepoint) == v1::SENSOR_KIND_TRACEPOINT);

}  // namespace

void ToProto(const NodeStatus& status, v1::GetStatusResponse& out) {
  out.set_version(ValidUtf8(status.version));
  out.set_kernel_release(ValidUtf8(status.kernel_release));
  out.set_hostname(ValidUtf8(status.hostname));
  out.set_node(ValidUtf8(status.node));
  out.set_cluster(ValidUtf8(status.cluster));
  out.set_problem(ValidUtf8(status.problem));
  out.set_self_test_age_ms(status.self_test_age_ms);
  ToProto(status.start_time_ns, *out.mutable_start_time());
  for (const SensorStatus& sensor : status.sensors) SensorToProto(sensor, *out.add_sensors());
  for (const EventStatus& event : status.events) EventToProto(event, *out.add_events());
  out.set_malformed_records(status.malformed_records);
  out.set_rules_loaded(status.rules_loaded);
  out.set_alerts(status.alerts);
  out.set_alerts_dropped(status.alerts_dropped);
  out.set_subscribers(status.subscribers);
  out.set_subscriber_drops(status.subscriber_drops);
  out.set_alerts_held_back(status.alerts_held_back);
  out.set_processes(status.processes);
  out.set_processes_evicted(status.processes_evicted);
  out.set_containers(status.containers);
  out.set_lines_dropped(status.lines_dropped);
  out.set_records_missing(status.records_missing);
  out.set_origins_lost(status.origins_lost);
  out.set_containers_unmarked(status.containers_unmarked);
  out.set_table_heals(status.table_heals);
  out.set_processes_healed(status.processes_healed);
  RulesToProto(status.rules, *out.mutable_rules());
  HoldToProto(status.hold, *out.mutable_hold());
  MetadataToProto(status.metadata, *out.mutable_metadata());
  ApiServerToProto(status.api_server, *out.mutable_api_server());
  for (const SinkStatus& sink : status.sinks) SinkToProto(sink, *out.add_sinks());
  v1::CorrelationStatus& correlation = *out.mutable_correlation();
  correlation.set_groups(status.correlation.groups);
  correlation.set_bytes(status.correlation.bytes);
  correlation.set_evicted(status.correlation.evicted);
  StoreToProto(status, *out.mutable_store());
}

NodeStatus FromProto(const v1::GetStatusResponse& in) {
  NodeStatus status;
  status.version = in.version();
  status.kernel_release = in.kernel_release();
  status.hostname = in.hostname();
  status.node = in.node();
  status.cluster = in.cluster();
  status.problem = in.problem();
  status.self_test_age_ms = in.self_test_age_ms();
  status.start_time_ns = FromProto(in.start_time());
  for (const v1::Sensor& sensor : in.sensors()) status.sensors.push_back(SensorFromProto(sensor));
  for (const v1::EventCounters& event : in.events()) status.events.push_back(EventFromProto(event));
  status.malformed_records = in.malformed_records();
  status.rules_loaded = in.rules_loaded();
  status.alerts = in.alerts();
  status.alerts_dropped = in.alerts_dropped();
  status.subscribers = in.subscribers();
  status.subscriber_drops = in.subscriber_drops();
  status.alerts_held_back = in.alerts_held_back();
  status.processes = in.processes();
  status.processes_evicted = in.processes_evicted();
  status.containers = in.containers();
  status.lines_dropped = in.lines_dropped();
  status.records_missing = in.records_missing();
  status.origins_lost = in.origins_lost();
  status.containers_unmarked = in.containers_unmarked();
  status.table_heals = in.table_heals();
  status.processes_healed = in.processes_healed();
  status.rules = RulesFromProto(in.rules());
  status.hold = HoldFromProto(in.hold());
  status.metadata = MetadataFromProto(in.metadata());
  status.api_server = ApiServerFromProto(in.api_server());
  for (const v1::SinkStatus& sink : in.sinks()) status.sinks.push_back(SinkFromProto(sink));
  status.correlation = {in.correlation().groups(), in.correlation().bytes(),
                        in.correlation().evicted()};
  StoreFromProto(in.store(), status);
  return status;
}

void ToProto(const Heartbeat& heartbeat, v1::Heartbeat& out) {
  ToProto(heartbeat.time_ns, *out.mutable_time());
  v1::SubscriptionCounters& stream = *out.mutable_subscription();
  stream.set_seen(heartbeat.stream.seen);
  stream.set_delivered(heartbeat.stream.delivered);
  stream.set_filtered(heartbeat.stream.filtered);
  stream.set_dropped(heartbeat.stream.dropped);
  v1::NodeCounters& node = *out.mutable_node();
  node.set_events_seen(heartbeat.node.seen);
  node.set_events_delivered(heartbeat.node.delivered);
  node.set_events_filtered(heartbeat.node.filtered);
  node.set_events_dropped(heartbeat.node.dropped);
  node.set_alerts(heartbeat.alerts);
  out.set_cursor(heartbeat.cursor);
  out.set_store_id(heartbeat.store_id);
}

Heartbeat FromProto(const v1::Heartbeat& in) {
  const v1::SubscriptionCounters& stream = in.subscription();
  const v1::NodeCounters& node = in.node();
  return {
      FromProto(in.time()),
      {stream.seen(), stream.delivered(), stream.filtered(), stream.dropped()},
      {node.events_seen(), node.events_delivered(), node.events_filtered(), node.events_dropped()},
      node.alerts(),
      in.cursor(),
      in.store_id()};
}

}  // namespace nezuban::rpc
