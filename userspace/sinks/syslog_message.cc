// SPDX-License-Identifier: Apache-2.0
#include "sinks/syslog_message.h"

#include <algorithm>
#include <string_view>

#include "alert/proto.h"
#include "base/text.h"
#include "sinks/body.h"

namespace nezuban::sinks {
namespace {

constexpr std::string_view kBom = "\xef\xbb\xbf";  // RFC 5424, 6.4: MSG is UTF-8

// Printable US-ASCII without blanks and `besides`, at most `limit`; "-" if nothing is left.
std::string Name(std::string_view text, std::size_t limit, std::string_view besides = "") {
  std::string name;
  for (const char c : text.substr(0, limit)) {
    const bool fine = c > ' ' && c < 0x7f && besides.find(c) == std::string_view::npos;
    name += fine ? c : '_';
  }
  return name.empty() ? "-" : name;
}

// RFC 3339 with microseconds, which is all a TIMESTAMP may have.
std::string Timestamp(std::int64_t time_ns) {
  std::string time = alert::FormatTime(time_ns);
  return time.erase(time.size() - 4, 3);
}

// RFC 5424, 6.3.3: `"`, `\` and `]` have a backslash before them. Control characters, which a
// receiver may take for the end of a line, are written as Printable writes them.
std::string ParamValue(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '"' || c == '\\' || c == ']') out += '\\';
    out += c;
  }
  return out;
}

std::string OneLine(std::string_view text) {
  std::string out;
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t length = Utf8Length(rest);
    const auto lead = static_cast<unsigned char>(rest[0]);
    if (length == 0) {
      out += "\xef\xbf\xbd";
    } else if (lead < 0x20 || lead == 0x7f) {
      out += Printable(rest.substr(0, 1));
    } else {
      out += rest.substr(0, length);
    }
    rest.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return out;
}

// SD-ELEMENT: [id name="value" …].
class Element {
 public:
  Element(std::string_view id, const SyslogOptions& options)
      : text_("[" + std::string(id) + "@" + std::to_string(options.enterprise_id)) {}
  Element& Param(std::string_view name, std::string_view value) {
    text_ += " " + Name(name, 32, "=]\"") + "=\"" + ParamValue(OneLine(value)) + "\"";
    return *this;
  }
  Element& Param(std::string_view name, std::uint64_t value) {
    return Param(name, std::to_string(value));
  }
  std::string Take() { return std::move(text_) + "]"; }

 private:
  std::string text_;
};

struct ValueText {
  std::string operator()(std::monostate) const { return "<NA>"; }
  std::string operator()(bool value) const { return value ? "true" : "false"; }
  std::string operator()(std::int64_t value) const { return std::to_string(value); }
  std::string operator()(const std::string& value) const { return value; }
  std::string operator()(const std::vector<std::string>& values) const {
    std::string text;
    for (const std::string& value : values) text += (text.empty() ? "" : ",") + value;
    return text;
  }
};

std::string Place(bool known, const std::string& id) {
  return !known ? "unknown" : id.empty() ? "host" : id;
}

std::string AlertElement(const alert::Alert& alert, std::uint64_t cursor,
                         const SyslogOptions& options) {
  Element element("nezuban", options);
  element.Param("id", alert.id).Param("cursor", cursor).Param("rule", alert.rule);
  if (!alert.node.empty()) element.Param("node", alert.node);
  if (!alert.cluster.empty()) element.Param("cluster", alert.cluster);
  element.Param("source", alert.source).Param("event", alert.event_type).Param("pid", alert.pid);
  element.Param("container", Place(alert.container_known, alert.container_id));
  element.Param("origin", Place(alert.origin_known, alert.origin));
  if (!alert.tags.empty()) element.Param("tags", ValueText()(alert.tags));
  if (!alert.uncertain.empty()) element.Param("uncertain", ValueText()(alert.uncertain));
  if (alert.lost_before > 0) element.Param("lost_before", alert.lost_before);
  return element.Take();
}

// What the rule's output names; a parameter's name may not be longer than 32, nor come twice for
// some receivers.
std::string FieldsElement(const alert::Alert& alert, const SyslogOptions& options) {
  if (alert.fields.empty()) return {};
  Element element("fields", options);
  for (const auto& [name, value] : alert.fields)
    element.Param(name, std::visit(ValueText(), value));
  return element.Take();
}

std::string GapElement(const Gap& gap, std::uint64_t cursor, const SyslogOptions& options) {
  Element element("nezubanGap", options);
  element.Param("count", gap.count).Param("cursor", cursor);
  element.Param("first_time", alert::FormatTime(gap.first_ns));
  element.Param("last_time", alert::FormatTime(gap.last_ns)).Param("reason", gap.reason);
  return element.Take();
}

std::string Header(int severity, std::int64_t time_ns, std::string_view id,
                   const SyslogOptions& options, const NodeNames& names) {
  return "<" + std::to_string(options.facility * 8 + severity) + ">1 " + Timestamp(time_ns) + " " +
         Name(names.hostname, 255) + " " + Name(options.app_name, 48) + " - " + Name(id, 32) + " ";
}

// Up to `limit` bytes of it, whole characters. REQUIRES: valid UTF-8.
std::string_view Cut(std::string_view text, std::size_t limit) {
  if (text.size() <= limit) return text;
  while (limit > 0 && (static_cast<unsigned char>(text[limit]) & 0xc0) == 0x80) --limit;
  return text.substr(0, limit);
}

std::string Join(const std::string& start, const std::string& text, std::size_t limit) {
  const std::size_t used = start.size() + 1 + kBom.size();
  if (used >= limit) return std::string(Cut(start, limit));
  return start + " " + std::string(kBom) + std::string(Cut(text, limit - used));
}

}  // namespace

std::string SyslogMessage(const Outgoing& outgoing, const SyslogOptions& options,
                          const NodeNames& names) {
  if (const Gap* gap = std::get_if<Gap>(&outgoing.what)) {
    const auto warning = static_cast<int>(alert::Priority::kWarning);
    return Join(Header(warning, gap->last_ns, "gap", options, names) +
                    GapElement(*gap, outgoing.cursor, options),
                options.json ? Body(outgoing, BodyFormat::kNezuban, names) : GapText(*gap),
                options.max_bytes);
  }
  const auto& alert = std::get<alert::Alert>(outgoing.what);
  const std::string start =
      Header(static_cast<int>(alert.priority), alert.time_ns, "alert", options, names) +
      AlertElement(alert, outgoing.cursor, options);
  const std::string text =
      options.json ? Body(outgoing, BodyFormat::kNezuban, names) : OneLine(alert.message);
  const std::string fields = FieldsElement(alert, options);
  // The output says what the fields say, and people read it.
  const bool fits = start.size() + fields.size() + text.size() + kBom.size() < options.max_bytes;
  return Join(fits ? start + fields : start, text, options.max_bytes);
}

}  // namespace nezuban::sinks
