// SPDX-License-Identifier: Apache-2.0
#include "alert/json.h"

#include <algorithm>

#include "alert/alert.h"
#include "base/text.h"

namespace nezuban::alert {
namespace {

std::string Escaped(unsigned code) {
  static constexpr char kHex[] = "0123456789abcdef";
  switch (code) {
    case '"':
      return "\\\"";
    case '\\':
      return "\\\\";
    case '\n':
      return "\\n";
    case '\r':
      return "\\r";
    case '\t':
      return "\\t";
    default:
      return std::string("\\u00") + kHex[code >> 4 & 15] + kHex[code & 15];
  }
}

void WriteValue(Json& json, const FieldValue& value) {
  struct Writer {
    Json& json;
    void operator()(std::monostate) const { json.Null(); }
    void operator()(bool b) const { json.Bool(b); }
    void operator()(std::int64_t n) const { json.Number(n); }
    void operator()(const std::string& text) const { json.String(text); }
    void operator()(const std::vector<std::string>& list) const {
      json.Open('[');
      for (const std::string& text : list) json.String(text);
      json.Close(']');
    }
  };
  std::visit(Writer{json}, value);
}

void WriteFields(Json& json, const Alert& alert) {
  // In alphabetical order, and the event's time always with them.
  std::vector<std::pair<std::string_view, FieldValue>> fields(alert.fields.begin(),
                                                              alert.fields.end());
  std::erase_if(fields, [](const auto& field) { return field.first == "evt.time"; });
  fields.emplace_back("evt.time", alert.time_ns);
  std::ranges::stable_sort(fields, {}, [](const auto& field) { return field.first; });
  const auto same = [](const auto& a, const auto& b) { return a.first == b.first; };
  fields.erase(std::unique(fields.begin(), fields.end(), same), fields.end());
  json.Key("output_fields").Open('{');
  for (const auto& [name, value] : fields) {
    json.Key(name);
    WriteValue(json, value);
  }
  json.Close('}');
}

void WriteStrings(Json& json, std::string_view key, const std::vector<std::string>& strings) {
  json.Key(key).Open('[');
  for (const std::string& text : strings) json.String(text);
  json.Close(']');
}

// The id of a container, "host" outside of one, null if it is not known.
void WriteContainer(Json& json, std::string_view key, bool known, const std::string& id) {
  json.Key(key);
  known ? json.String(id.empty() ? "host" : id) : json.Null();
}

void WriteIfAny(Json& json, const std::string& key, const std::string& text) {
  if (!text.empty()) json.Key(key).String(text);
}

void WritePod(Json& json, std::string_view key, const Workload& workload) {
  if (workload.pod.empty()) return;
  json.Key(key).Open('{').Key("name").String(workload.pod);
  json.Key("namespace").String(workload.pod_namespace);
  json.Key("uid").String(workload.pod_uid).Close('}');
}

void WriteAncestors(Json& json, const Alert& alert) {
  json.Key("ancestors").Open('[');
  for (const Ancestor& ancestor : alert.ancestors) {
    json.Open('{').Key("exe_path").String(ancestor.exe_path);
    json.Key("name").String(ancestor.name).Key("pid").Number(ancestor.pid).Close('}');
  }
  json.Close(']');
}

void WriteRelated(Json& json, const Alert& alert) {
  json.Key("related").Open('[');
  for (const Related& related : alert.related) {
    json.Open('{').Key("id").String(related.id).Key("rule").String(related.rule);
    json.Key("time").String(FormatTime(related.time_ns));
    json.Key("uncertain").Bool(related.uncertain).Close('}');
  }
  json.Close(']');
}

}  // namespace

std::string JsonQuote(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    const std::size_t length = Utf8Length(text);
    const auto lead = static_cast<std::uint8_t>(text[0]);
    if (length == 0) {
      out += "\xef\xbf\xbd";
    } else if (length == 1 && (lead < 0x20 || lead == 0x7f || lead == '"' || lead == '\\')) {
      out += Escaped(lead);
    } else if (length == 2 && lead == 0xc2 && static_cast<std::uint8_t>(text[1]) < 0xa0) {
      out += Escaped(static_cast<std::uint8_t>(text[1]));
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return out + '"';
}

std::string ToJson(const Alert& alert) {
  Json json;
  json.Open('{');
  WriteAncestors(json, alert);
  WriteIfAny(json, "cluster", alert.cluster);
  WriteContainer(json, "container_id", alert.container_known, alert.container_id);
  WriteIfAny(json, "container_image", alert.workload.image);
  WriteIfAny(json, "container_name", alert.workload.container_name);
  json.Key("container_runtime").String(alert.container_runtime);
  if (alert.count > 0) json.Key("count").Number(static_cast<std::int64_t>(alert.count));
  if (alert.cursor != 0) json.Key("cursor").Number(static_cast<std::int64_t>(alert.cursor));
  json.Key("event").String(alert.event_type);
  json.Key("hostname").String(alert.hostname);
  json.Key("id").String(alert.id);
  json.Key("lost_before").Number(static_cast<std::int64_t>(alert.lost_before));
  WriteIfAny(json, "node", alert.node);
  WriteContainer(json, "origin", alert.origin_known, alert.origin);
  WriteIfAny(json, "origin_image", alert.origin_workload.image);
  WriteIfAny(json, "origin_name", alert.origin_workload.container_name);
  WritePod(json, "origin_pod", alert.origin_workload);
  json.Key("output").String(FormatTime(alert.time_ns) + ": " +
                            std::string(ToString(alert.priority)) + " " + alert.message);
  WriteFields(json, alert);
  json.Key("pid").Number(alert.pid);
  WritePod(json, "pod", alert.workload);
  json.Key("priority").String(ToString(alert.priority));
  if (!alert.related.empty()) WriteRelated(json, alert);
  json.Key("rule").String(alert.rule);
  json.Key("source").String(alert.source);
  WriteStrings(json, "tags", alert.tags);
  json.Key("time").String(FormatTime(alert.time_ns));
  WriteStrings(json, "uncertain", alert.uncertain);
  return json.Close('}').Take();
}

}  // namespace nezuban::alert
