// SPDX-License-Identifier: Apache-2.0
#include "sinks/ocsf.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include "alert/json.h"
#include "base/text.h"
#include "opentelemetry/logs_service.pb.h"
#include "sinks/attack.h"
#include "sinks/body.h"

namespace nezuban::sinks {
namespace {

namespace otlp = opentelemetry::proto::collector::logs::v1;

constexpr std::string_view kVersion = "1.3.0";
constexpr std::int64_t kFindings = 2;
constexpr std::int64_t kDetectionFinding = 2004;
constexpr std::int64_t kCreate = 1;
constexpr std::int64_t kOther = 99;

struct Named {
  std::int64_t id;
  std::string_view name;
};
// severity_id by alert::Priority.
constexpr std::array<Named, 8> kSeverities = {{{6, "Fatal"},
                                               {5, "Critical"},
                                               {5, "Critical"},
                                               {4, "High"},
                                               {3, "Medium"},
                                               {2, "Low"},
                                               {1, "Informational"},
                                               {1, "Informational"}}};

// Writes the entries of a map. A text that is empty is left out: it says nothing.
class Map {
 public:
  explicit Map(otlp::AnyValue& value) : entries_(*value.mutable_kvlist_value()) {}

  otlp::AnyValue& Add(std::string_view key) {
    otlp::KeyValue& entry = *entries_.add_values();
    entry.set_key(ValidUtf8(key));
    return *entry.mutable_value();
  }
  Map& Text(std::string_view key, std::string_view text) {
    if (!text.empty()) Add(key).set_string_value(ValidUtf8(text));
    return *this;
  }
  Map& Number(std::string_view key, std::int64_t number) {
    Add(key).set_int_value(number);
    return *this;
  }
  // "x_id" and its sibling in words, "x".
  Map& Id(const std::string& key, const Named& value) {
    return Number(key + "_id", value.id).Text(key, value.name);
  }
  Map Sub(std::string_view key) { return Map(Add(key)); }
  otlp::ArrayValue& List(std::string_view key) { return *Add(key).mutable_array_value(); }
  Map& Texts(std::string_view key, const std::vector<std::string>& texts) {
    if (texts.empty()) return *this;
    otlp::ArrayValue& list = List(key);
    for (const std::string& text : texts) list.add_values()->set_string_value(ValidUtf8(text));
    return *this;
  }

 private:
  otlp::KeyValueList& entries_;
};

std::int64_t Milliseconds(std::int64_t time_ns) { return time_ns / 1'000'000; }

const alert::FieldValue* Find(const alert::Alert& alert, std::string_view name) {
  const auto field = std::ranges::find(alert.fields, name, [](const auto& f) { return f.first; });
  return field == alert.fields.end() ? nullptr : &field->second;
}

std::string TextOf(const alert::Alert& alert, std::string_view name) {
  const auto* value = Find(alert, name);
  if (value == nullptr) return {};
  if (const auto* text = std::get_if<std::string>(value)) return *text;
  if (const auto* number = std::get_if<std::int64_t>(value)) return std::to_string(*number);
  return {};
}

std::optional<std::int64_t> NumberOf(const alert::Alert& alert, std::string_view name) {
  const auto* value = Find(alert, name);
  const auto* number = value == nullptr ? nullptr : std::get_if<std::int64_t>(value);
  return number == nullptr ? std::nullopt : std::optional(*number);
}

void Metadata(Map map, const NodeNames& names, const std::string& uid, std::uint64_t cursor) {
  map.Text("version", kVersion).Text("uid", uid);
  map.Number("sequence", static_cast<std::int64_t>(cursor));
  map.Sub("product")
      .Text("name", "Nezuban")
      .Text("vendor_name", "Nezuban")
      .Text("version", names.version);
  map.Texts("profiles", {"host", "container"});
}

void Attacks(Map& info, const std::vector<std::string>& tags) {
  const std::vector<Attack> attacks = AttacksOf(tags);
  if (attacks.empty()) return;
  otlp::ArrayValue& list = info.List("attacks");
  for (const Attack& attack : attacks) {
    Map one(*list.add_values());
    if (!attack.tactic_uid.empty()) {
      one.Sub("tactic").Text("uid", attack.tactic_uid).Text("name", attack.tactic_name);
    }
    if (!attack.technique.empty()) one.Sub("technique").Text("uid", attack.technique);
    if (!attack.sub_technique.empty()) one.Sub("sub_technique").Text("uid", attack.sub_technique);
  }
}

void FindingInfo(Map map, const alert::Alert& alert) {
  map.Text("uid", alert.id).Text("title", alert.rule).Text("desc", alert.message);
  map.Number("created_time", Milliseconds(alert.time_ns));
  map.Texts("types", {alert.event_type}).Texts("data_sources", {alert.source});
  map.Sub("analytic").Text("name", alert.rule).Id("type", {1, "Rule"});
  Attacks(map, alert.tags);
  if (alert.related.empty()) return;
  otlp::ArrayValue& list = map.List("related_events");
  for (const alert::Related& related : alert.related) {
    Map one(*list.add_values());
    one.Text("uid", related.id).Text("type", related.rule);
    one.Number("type_uid", kDetectionFinding * 100 + kCreate);
  }
}

void File(Map map, std::string_view path, const Named& type) {
  const std::string_view name = path.substr(path.rfind('/') + 1);
  map.Text("name", name.empty() ? path : name).Text("path", path).Id("type", type);
}

void Container(Map map, const alert::Alert& alert) {
  map.Text("uid", alert.container_id).Text("runtime", alert.container_runtime);
  map.Text("name", TextOf(alert, "container.name"));
  const std::string image = TextOf(alert, "container.image.repository");
  if (image.empty()) return;
  map.Sub("image").Text("name", image).Text("tag", TextOf(alert, "container.image.tag"));
}

// What only the process that acted has.
void Details(Map& map, const alert::Alert& alert) {
  map.Text("cmd_line", TextOf(alert, "proc.cmdline"));
  const std::string uid = TextOf(alert, "user.uid");
  const std::string name = TextOf(alert, "user.name");
  if (!uid.empty() || !name.empty()) map.Sub("user").Text("uid", uid).Text("name", name);
  if (alert.container_known && !alert.container_id.empty()) Container(map.Sub("container"), alert);
}

enum class Chain : std::uint8_t { kFollowed, kLeftOut };

// The process `index` of the chain, with its parent in it, and so on.
void Process(Map map, const alert::Alert& alert, std::size_t index, Chain chain) {
  const bool known = index < alert.ancestors.size();
  map.Number("pid", known ? alert.ancestors[index].pid : alert.pid);
  if (known) map.Text("name", alert.ancestors[index].name);
  const std::string path = known ? alert.ancestors[index].exe_path : TextOf(alert, "proc.exepath");
  if (!path.empty()) File(map.Sub("file"), path, {1, "Regular File"});
  if (index == 0) Details(map, alert);
  constexpr std::size_t kMaxChain = 32;  // receivers bound how deep a message may be nested
  if (chain == Chain::kFollowed && index + 1 < std::min(alert.ancestors.size(), kMaxChain)) {
    Process(map.Sub("parent_process"), alert, index + 1, chain);
  }
}

void Device(Map map, const NodeNames& names) {
  map.Text("hostname", names.hostname).Text("name", names.node).Id("type", {1, "Server"});
  map.Sub("os").Text("name", "Linux").Id("type", {200, "Linux"});
}

// False if none of the addresses is there.
bool Endpoint(Map& evidence, std::string_view key, const alert::Alert& alert,
              const std::array<std::pair<std::string_view, std::string_view>, 2>& fields) {
  for (const auto& [ip_field, port_field] : fields) {
    const std::string ip = TextOf(alert, ip_field);
    if (ip.empty()) continue;
    Map endpoint = evidence.Sub(key);
    endpoint.Text("ip", ip);
    const auto port = NumberOf(alert, port_field);
    if (port && *port > 0 && *port <= 65535) endpoint.Number("port", *port);
    return true;
  }
  return false;
}

struct SetValue {
  otlp::AnyValue& out;
  void operator()(std::monostate) const {}
  void operator()(bool value) const { out.set_bool_value(value); }
  void operator()(std::int64_t value) const { out.set_int_value(value); }
  void operator()(const std::string& value) const { out.set_string_value(ValidUtf8(value)); }
  void operator()(const std::vector<std::string>& values) const {
    otlp::ArrayValue& list = *out.mutable_array_value();
    for (const std::string& value : values) list.add_values()->set_string_value(ValidUtf8(value));
  }
};

void Evidence(Map map, const alert::Alert& alert) {
  Process(map.Sub("process"), alert, 0, Chain::kLeftOut);
  Endpoint(map, "dst_endpoint", alert, {{{"fd.sip", "fd.sport"}, {"fd.rip", "fd.rport"}}});
  Endpoint(map, "src_endpoint", alert, {{{"fd.cip", "fd.cport"}, {"fd.lip", "fd.lport"}}});
  const std::string path = TextOf(alert, "fd.name");
  if (path.starts_with('/')) File(map.Sub("file"), path, {0, "Unknown"});
  if (alert.fields.empty()) return;
  Map data = map.Sub("data");
  for (const auto& [name, value] : alert.fields) {
    if (!std::holds_alternative<std::monostate>(value)) std::visit(SetValue{data.Add(name)}, value);
  }
}

// What the schema has no word for.
void Unmapped(Map map, const alert::Alert& alert, const NodeNames& names) {
  const auto place = [](bool known, const std::string& id) {
    return !known ? std::string("unknown") : id.empty() ? std::string("host") : id;
  };
  map.Text("container", place(alert.container_known, alert.container_id));
  map.Text("origin", place(alert.origin_known, alert.origin));
  map.Text("priority", alert::ToString(alert.priority)).Text("cluster", names.cluster);
  map.Texts("tags", alert.tags).Texts("uncertain", alert.uncertain);
  map.Number("lost_before", static_cast<std::int64_t>(alert.lost_before));
}

void Finding(Map map, const alert::Alert& alert, std::uint64_t cursor, const NodeNames& names) {
  map.Number("activity_id", kCreate).Text("activity_name", "Create");
  map.Number("category_uid", kFindings).Text("category_name", "Findings");
  map.Number("class_uid", kDetectionFinding).Text("class_name", "Detection Finding");
  map.Number("type_uid", kDetectionFinding * 100 + kCreate);
  map.Text("type_name", "Detection Finding: Create").Text("message", alert.message);
  map.Id("severity", kSeverities[static_cast<std::size_t>(alert.priority) % kSeverities.size()]);
  if (alert.count > 0) map.Number("count", static_cast<std::int64_t>(alert.count));
  map.Id("status", {1, "New"}).Number("time", Milliseconds(alert.time_ns));
  Metadata(map.Sub("metadata"), names, alert.id, cursor);
  FindingInfo(map.Sub("finding_info"), alert);
  Process(map.Sub("actor").Sub("process"), alert, 0, Chain::kFollowed);
  Device(map.Sub("device"), names);
  Evidence(Map(*map.List("evidences").add_values()), alert);
  Unmapped(map.Sub("unmapped"), alert, names);
}

void BaseEvent(Map map, const Gap& gap, std::uint64_t cursor, const NodeNames& names) {
  map.Number("activity_id", kOther).Text("activity_name", "Alerts lost");
  map.Number("category_uid", 0).Text("category_name", "Uncategorized");
  map.Number("class_uid", 0).Text("class_name", "Base Event");
  map.Number("type_uid", kOther).Text("type_name", "Base Event: Other");
  map.Id("severity", {3, "Medium"}).Text("message", GapText(gap));
  map.Number("count", static_cast<std::int64_t>(gap.count));
  map.Number("time", Milliseconds(gap.last_ns)).Number("start_time", Milliseconds(gap.first_ns));
  map.Number("end_time", Milliseconds(gap.last_ns)).Text("status_detail", gap.reason);
  Metadata(map.Sub("metadata"), names, {}, cursor);
  Device(map.Sub("device"), names);
}

void WriteJson(alert::Json& json, const otlp::AnyValue& value) {
  switch (value.value_case()) {
    case otlp::AnyValue::kStringValue:
      json.String(value.string_value());
      return;
    case otlp::AnyValue::kBoolValue:
      json.Bool(value.bool_value());
      return;
    case otlp::AnyValue::kIntValue:
      json.Number(value.int_value());
      return;
    case otlp::AnyValue::kArrayValue:
      json.Open('[');
      for (const otlp::AnyValue& one : value.array_value().values()) WriteJson(json, one);
      json.Close(']');
      return;
    case otlp::AnyValue::kKvlistValue:
      json.Open('{');
      for (const otlp::KeyValue& entry : value.kvlist_value().values()) {
        json.Key(entry.key());
        WriteJson(json, entry.value());
      }
      json.Close('}');
      return;
    default:
      json.Null();
  }
}

}  // namespace

void ToOcsf(const Outgoing& outgoing, const NodeNames& names, OtlpValue& out) {
  if (const Gap* gap = std::get_if<Gap>(&outgoing.what)) {
    return BaseEvent(Map(out), *gap, outgoing.cursor, names);
  }
  Finding(Map(out), std::get<alert::Alert>(outgoing.what), outgoing.cursor, names);
}

std::string OcsfJson(const Outgoing& outgoing, const NodeNames& names) {
  otlp::AnyValue value;
  ToOcsf(outgoing, names, value);
  alert::Json json;
  WriteJson(json, value);
  return json.Take();
}

}  // namespace nezuban::sinks
