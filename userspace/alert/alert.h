// SPDX-License-Identifier: Apache-2.0
// A rule matched: an owning copy of all that is told about it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace nezuban::alert {

// Most severe first; the numbers are syslog's (RFC 5424, 6.2.1).
enum class Priority : std::uint8_t {
  kEmergency,
  kAlert,
  kCritical,
  kError,
  kWarning,
  kNotice,
  kInformational,
  kDebug,
};

// A field's value in an alert; monostate: the field has none ("<NA>", JSON null).
using FieldValue =
    std::variant<std::monostate, bool, std::int64_t, std::string, std::vector<std::string>>;

struct Ancestor {
  std::uint32_t pid = 0;
  std::string name;
  std::string exe_path;
};

// An earlier match that an alert was joined with.
struct Related {
  std::string id;  // of its alert; of the one it would have given if its rule is silent
  std::string rule;
  std::int64_t time_ns = 0;  // of the event, since the epoch
  bool uncertain = false;    // something was not known when it was decided
};

// What a container's runtime says of it; empty: nothing.
struct Workload {
  std::string container_name;
  std::string image;  // as it was asked for
  std::string pod;
  std::string pod_namespace;
  std::string pod_uid;
  bool operator==(const Workload&) const = default;
};

struct Alert {
  std::string id;            // the same event and rule give the same id
  std::int64_t time_ns = 0;  // of the event, since the epoch
  std::string rule;
  Priority priority = Priority::kDebug;
  std::string source;   // "syscall"
  std::string message;  // the rule's output, formatted, without time and priority
  std::vector<std::pair<std::string, FieldValue>> fields;  // in the order of the output
  std::vector<std::string> tags;                           // sorted
  std::string hostname;
  std::string node;     // as the cluster knows it
  std::string cluster;  // may be empty
  std::string event_type;
  std::string container_id;  // full id; empty: host
  std::string container_runtime;
  std::string origin;  // full id of the container the process came from; empty: host
  bool container_known = true;
  bool origin_known = true;
  Workload workload;           // of the container it happened in
  Workload origin_workload;    // of the origin
  bool metadata_known = true;  // false: container's or origin's may exist, but came too late
  std::uint32_t pid = 0;
  std::vector<Ancestor> ancestors;     // the process itself first, then its parent, …
  std::vector<std::string> uncertain;  // fields that were not known when it was decided
  std::uint64_t lost_before = 0;       // events lost since the alert before
  std::uint64_t cursor = 0;            // its place in the store; 0: it has none
  std::vector<Related> related;        // latest first
  // Of a rule that counts: its matches since the group's last alert, this one with them, or since
  // there was none for as long as it looks back. 0: it does not count.
  std::uint64_t count = 0;
};

// "Warning"; as in Falco's output.
std::string_view ToString(Priority priority);

// Case-insensitive; "info" is an alias of Informational. False if there is no such priority.
bool ParsePriority(std::string_view text, Priority& priority);

// One JSON object, no newline: Falco's keys and ours (design: time, rule, priority, source, output,
// output_fields, hostname, tags, id, …). Keys in alphabetical order; always valid UTF-8 and JSON.
std::string ToJson(const Alert& alert);

// "TIME: PRIORITY MESSAGE", TIME in UTC with nanoseconds; control characters escaped.
std::string ToText(const Alert& alert);

// RFC 3339 with nanoseconds, UTC: "2026-11-22T05:20:05.000000001Z".
std::string FormatTime(std::int64_t time_ns);

}  // namespace nezuban::alert
