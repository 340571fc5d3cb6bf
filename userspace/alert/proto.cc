// SPDX-License-Identifier: Apache-2.0
#include "alert/proto.h"

#include <google/protobuf/timestamp.pb.h>

#include <limits>

#include "base/text.h"
#include "nezuban/v1/alert.pb.h"

namespace nezuban::alert {
namespace {

constexpr std::int64_t kNsPerSecond = 1'000'000'000;

struct ValueToProto {
  v1::Field& out;
  void operator()(std::monostate) const {}
  void operator()(bool value) const { out.set_bool_value(value); }
  void operator()(std::int64_t value) const { out.set_int_value(value); }
  void operator()(const std::string& value) const { out.set_string_value(ValidUtf8(value)); }
  void operator()(const std::vector<std::string>& values) const {
    auto* list = out.mutable_list_value();
    for (const std::string& value : values) list->add_values(ValidUtf8(value));
  }
};

void WorkloadToProto(const Workload& workload, v1::Container& out) {
  out.set_name(ValidUtf8(workload.container_name));
  out.set_image(ValidUtf8(workload.image));
  out.set_pod_name(ValidUtf8(workload.pod));
  out.set_pod_namespace(ValidUtf8(workload.pod_namespace));
  out.set_pod_uid(ValidUtf8(workload.pod_uid));
}

Workload WorkloadFromProto(const v1::Container& in) {
  return {in.name(), in.image(), in.pod_name(), in.pod_namespace(), in.pod_uid()};
}

}  // namespace

void ToProto(const FieldValue& value, v1::Field& out) { std::visit(ValueToProto{out}, value); }

FieldValue FromProto(const v1::Field& field) {
  switch (field.value_case()) {
    case v1::Field::kBoolValue:
      return field.bool_value();
    case v1::Field::kIntValue:
      return std::int64_t{field.int_value()};
    case v1::Field::kStringValue:
      return field.string_value();
    case v1::Field::kListValue:
      return std::vector<std::string>(field.list_value().values().begin(),
                                      field.list_value().values().end());
    case v1::Field::VALUE_NOT_SET:
      break;
  }
  return std::monostate();
}

void ToProto(std::int64_t time_ns, google::protobuf::Timestamp& out) {
  std::int64_t seconds = time_ns / kNsPerSecond;
  std::int64_t nanos = time_ns % kNsPerSecond;
  if (nanos < 0) {  // a Timestamp's nanos count forward, before 1970 too
    --seconds;
    nanos += kNsPerSecond;
  }
  out.set_seconds(seconds);
  out.set_nanos(static_cast<std::int32_t>(nanos));
}

std::int64_t FromProto(const google::protobuf::Timestamp& time) {
  constexpr std::int64_t kMaxSeconds = std::numeric_limits<std::int64_t>::max() / kNsPerSecond - 1;
  if (time.seconds() > kMaxSeconds) return std::numeric_limits<std::int64_t>::max();
  if (time.seconds() < -kMaxSeconds) return std::numeric_limits<std::int64_t>::min();
  const std::int64_t nanos = time.nanos() < 0 || time.nanos() >= kNsPerSecond ? 0 : time.nanos();
  return time.seconds() * kNsPerSecond + nanos;
}

bool FromProto(int priority, Priority& out) {
  if (priority < v1::PRIORITY_EMERGENCY || priority > v1::PRIORITY_DEBUG) return false;
  out = static_cast<Priority>(priority - v1::PRIORITY_EMERGENCY);
  return true;
}

int ToProto(Priority priority) { return static_cast<int>(priority) + v1::PRIORITY_EMERGENCY; }

void ToProto(const Alert& alert, v1::Alert& out) {
  out.set_id(ValidUtf8(alert.id));
  ToProto(alert.time_ns, *out.mutable_time());
  out.set_rule(ValidUtf8(alert.rule));
  out.set_priority(static_cast<v1::Priority>(ToProto(alert.priority)));
  out.set_source(ValidUtf8(alert.source));
  out.set_output(ValidUtf8(alert.message));
  for (const auto& [name, value] : alert.fields) {
    v1::Field* field = out.add_fields();
    field->set_name(ValidUtf8(name));
    std::visit(ValueToProto{*field}, value);
  }
  for (const std::string& tag : alert.tags) out.add_tags(ValidUtf8(tag));
  out.set_hostname(ValidUtf8(alert.hostname));
  out.set_node(ValidUtf8(alert.node));
  out.set_cluster(ValidUtf8(alert.cluster));
  out.set_event_type(ValidUtf8(alert.event_type));
  out.mutable_container()->set_known(alert.container_known);
  out.mutable_container()->set_id(ValidUtf8(alert.container_id));
  out.mutable_container()->set_runtime(ValidUtf8(alert.container_runtime));
  out.mutable_origin()->set_known(alert.origin_known);
  out.mutable_origin()->set_id(ValidUtf8(alert.origin));
  WorkloadToProto(alert.workload, *out.mutable_container());
  WorkloadToProto(alert.origin_workload, *out.mutable_origin());
  out.set_pid(alert.pid);
  for (const alert::Ancestor& ancestor : alert.ancestors) {
    v1::Ancestor* added = out.add_ancestors();
    added->set_pid(ancestor.pid);
    added->set_name(ValidUtf8(ancestor.name));
    added->set_exe_path(ValidUtf8(ancestor.exe_path));
  }
  for (const std::string& field : alert.uncertain) out.add_uncertain(ValidUtf8(field));
  out.set_lost_before(alert.lost_before);
  out.set_cursor(alert.cursor);
  for (const Related& related : alert.related) {
    v1::Related* added = out.add_related();
    added->set_id(ValidUtf8(related.id));
    added->set_rule(ValidUtf8(related.rule));
    ToProto(related.time_ns, *added->mutable_time());
    added->set_uncertain(related.uncertain);
  }
  out.set_count(alert.count);
}

Alert FromProto(const v1::Alert& in) {
  Alert alert;
  alert.id = in.id();
  alert.time_ns = FromProto(in.time());
  alert.rule = in.rule();
  if (!FromProto(in.priority(), alert.priority)) alert.priority = Priority::kDebug;
  alert.source = in.source();
  alert.message = in.output();
  for (const v1::Field& field : in.fields()) {
    alert.fields.emplace_back(field.name(), FromProto(field));
  }
  alert.tags.assign(in.tags().begin(), in.tags().end());
  alert.hostname = in.hostname();
  alert.node = in.node();
  alert.cluster = in.cluster();
  alert.event_type = in.event_type();
  alert.container_known = in.container().known();
  alert.container_id = in.container().id();
  alert.container_runtime = in.container().runtime();
  alert.origin_known = in.origin().known();
  alert.origin = in.origin().id();
  alert.workload = WorkloadFromProto(in.container());
  alert.origin_workload = WorkloadFromProto(in.origin());
  alert.pid = in.pid();
  for (const v1::Ancestor& ancestor : in.ancestors()) {
    alert.ancestors.push_back({ancestor.pid(), ancestor.name(), ancestor.exe_path()});
  }
  alert.uncertain.assign(in.uncertain().begin(), in.uncertain().end());
  alert.lost_before = in.lost_before();
  alert.cursor = in.cursor();
  for (const v1::Related& related : in.related()) {
    alert.related.push_back(
        {related.id(), related.rule(), FromProto(related.time()), related.uncertain()});
  }
  alert.count = in.count();
  return alert;
}

Result<Alert> ParseAlert(std::string_view bytes) {
  v1::Alert message;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return Fail("expected a nezuban.v1.Alert");
  }
  return FromProto(message);
}

}  // namespace nezuban::alert
