// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "base/redact.h"
#include "daemon/config_values.h"
#include "kube/endpoint.h"

namespace nezuban::daemon {
namespace {

// The kernel wants a power of two of pages.
std::string RingBytes(const std::string& value, std::size_t& out) {
  std::size_t bytes = 0;
  std::string error = Number(value, 65536, std::size_t{1} << 30, bytes);
  if (!error.empty()) return error;
  if ((bytes & (bytes - 1)) != 0) return "expected a power of two";
  out = bytes;
  return {};
}

std::string SetSelection(Config& config, const Values& values) {
  config.rule_selection.clear();
  for (const std::string& value : values) {
    auto selection = ruleset::ParseSelection(value);
    if (!selection) return "'" + value + "': " + selection.error().message;
    config.rule_selection.push_back(std::move(*selection));
  }
  return {};
}

std::string SetAppendOutput(Config& config, const Values& values) {
  config.append_output.clear();
  for (const std::string& value : values) {
    auto extra = ruleset::ParseOutputExtra(value);
    if (!extra) return extra.error().message;
    config.append_output.push_back(std::move(*extra));
  }
  return {};
}

std::string SetStaticFields(Config& config, const Values& values) {
  config.static_fields.clear();
  for (const std::string& value : values) {
    const Status added = ruleset::AddStaticFields(value, config.static_fields);
    if (!added) return added.error().message;
  }
  return {};
}

std::string SetCriSocket(Config& config, const Values& values) {
  const std::string& value = values.back();
  if (value != "auto" && value != "none" && !value.starts_with('/')) {
    return "expected auto, none or an absolute path";
  }
  constexpr std::size_t kLongest = 107;  // of a unix socket's address
  if (value.size() > kLongest) return "expected a path of at most 107 bytes";
  config.cri_socket = value;
  return {};
}

std::string SetApiServer(Config& config, const Values& values) {
  const std::string& value = values.back();
  if (value != "none" && value != "in-cluster") {
    if (!kube::CheckUrl(value).empty()) return "expected none, in-cluster or https://HOST:PORT";
  }
  config.api_server = value;
  return {};
}

std::string SetHostRoot(Config& config, const Values& values) {
  std::string root = values.back();
  if (!root.starts_with('/')) return "expected an absolute path";
  while (root.size() > 1 && root.ends_with('/')) root.pop_back();
  config.host_root = std::move(root);
  return {};
}

constexpr std::array<std::string_view, 3> kSensors = {"auto", "object", "tracepoint"};
constexpr std::array<std::string_view, 2> kRuleMatchings = {"all", "first"};
constexpr std::array<std::string_view, 4> kLogLevels = {"debug", "info", "warn", "error"};

constexpr std::array kWatchKeys = {
    Reloads<&Config::rules>(
        ConfigKey{"rules", "PATH", "Rule file or directory of them; in the order given.", true,
                  [](Config& c, const Values& v) { return SetList(c.rules, v); }}),
    Reloads<&Config::rule_selection>(
        ConfigKey{"rule_selection", "SELECTION",
                  "enable or disable rules by name (* for any characters) or tag, in order: "
                  "disable.rule=NAME, enable.tag=TAG.",
                  true, SetSelection, true}),
    Reloads<&Config::append_output>(ConfigKey{
        "append_output", "YAML",
        "What rules say besides: {match: {tags: [T]}, extra_output: FORMAT, extra_fields: "
        "[FIELD, {KEY: FORMAT}], suggested_output: true}.",
        true, SetAppendOutput, true}),
    Reloads<&Config::static_fields>(ConfigKey{"static_fields", "NAME=VALUE",
                                              "Values that outputs can name as %static.NAME.", true,
                                              SetStaticFields, true}),
    Sets<&Config::sensors>(ConfigKey{
        "sensors", "KIND", "auto, object or tracepoint; auto takes the best that delivers.", false,
        [](Config& c, const Values& v) { return OneOf(v.back(), kSensors, c.sensors); }}),
    Reloads<&Config::priority>(
        ConfigKey{"priority", "PRIORITY", "Rules less severe than this are not loaded.", false,
                  [](Config& c, const Values& v) { return SetPriority(v.back(), c.priority); }}),
    Sets<&Config::rule_matching>(ConfigKey{
        "rule_matching", "WHICH",
        "all: every rule an event matches alerts; first: only the first defined of them.", false,
        [](Config& c, const Values& v) {
          return OneOf(v.back(), kRuleMatchings, c.rule_matching);
        }}),
    Sets<&Config::hostname>(
        ConfigKey{"hostname", "NAME", "Name of the host in alerts; default: the machine's.", false,
                  [](Config& c, const Values& v) { return SetText(c.hostname, v); }}),
    Sets<&Config::node>(
        ConfigKey{"node", "NAME", "Name of the node in its cluster, in alerts; default: hostname.",
                  false, [](Config& c, const Values& v) { return SetText(c.node, v); }}),
    Sets<&Config::cluster>(
        ConfigKey{"cluster", "NAME", "Name of the cluster in alerts.", false,
                  [](Config& c, const Values& v) { return SetText(c.cluster, v); }}),
    Reloads<&Config::log_level>(ConfigKey{
        "log_level", "LEVEL", "debug, info, warn or error; logs go to standard error.", false,
        [](Config& c, const Values& v) { return OneOf(v.back(), kLogLevels, c.log_level); }}),
    Sets<&Config::vital_ring_bytes>(ConfigKey{
        "vital_ring_bytes", "BYTES", "Ring buffer for process life and dangerous acts.", false,
        [](Config& c, const Values& v) { return RingBytes(v.back(), c.vital_ring_bytes); }}),
    Sets<&Config::bulk_ring_bytes>(ConfigKey{
        "bulk_ring_bytes", "BYTES", "Ring buffer for connections and other frequent acts.", false,
        [](Config& c, const Values& v) { return RingBytes(v.back(), c.bulk_ring_bytes); }}),
    Sets<&Config::flood_rate>(ConfigKey{
        "flood_rate", "COUNT",
        "Connections and other frequent acts of one cgroup that are looked at, a second; 0: "
        "any number.",
        false,
        [](Config& c, const Values& v) { return Number(v.back(), 0, 100'000'000, c.flood_rate); }}),
    Sets<&Config::flood_burst>(ConfigKey{"flood_burst", "COUNT",
                                         "The same at once, before the rate counts.", false,
                                         [](Config& c, const Values& v) {
                                           return Number(v.back(), 1, 100'000'000, c.flood_burst);
                                         }}),
    Sets<&Config::max_processes>(
        ConfigKey{"max_processes", "COUNT", "Processes remembered, ended ones included.", false,
                  [](Config& c, const Values& v) {
                    return Number(v.back(), 1024, std::size_t{1} << 24, c.max_processes);
                  }}),
    Sets<&Config::watch_rules>(ConfigKey{
        "watch_rules", "BOOL", "Load the rules again when their files change; else at SIGHUP.",
        false, [](Config& c, const Values& v) { return YesOrNo(v.back(), c.watch_rules); }}),
    Sets<&Config::record>(
        ConfigKey{"record", "FILE", "Record what is seen to a new file as well.", false,
                  [](Config& c, const Values& v) { return SetText(c.record, v); }}),
    Sets<&Config::redact>(
        ConfigKey{"redact", "BOOL", "Mask passwords, tokens and keys in alerts and recordings.",
                  false, [](Config& c, const Values& v) { return YesOrNo(v.back(), c.redact); }}),
    Sets<&Config::redact_patterns>(ConfigKey{
        "redact_patterns", "REGEX",
        "More to mask: the first group of a regular expression (RE2), or all it matches.", true,
        [](Config& c, const Values& v) -> std::string {
          const auto made = Redactor::Make(v);
          if (!made) return made.error().message;
          c.redact_patterns = v;
          return {};
        }}),
    Sets<&Config::cri_socket>(
        ConfigKey{"cri_socket", "PATH",
                  "Socket of the container runtime, for names of pods and images; auto: found by "
                  "itself, none: not asked.",
                  false, SetCriSocket}),
    Sets<&Config::api_server>(
        ConfigKey{"api_server", "URL",
                  "Kubernetes API server to ask for owners of pods and labels of namespaces: "
                  "in-cluster, https://HOST:PORT, or none.",
                  false, SetApiServer}),
    Sets<&Config::api_server_ca>(
        ConfigKey{"api_server_ca", "FILE", "What vouches for its certificate; default: a pod's.",
                  false, [](Config& c, const Values& v) { return SetText(c.api_server_ca, v); }}),
    Sets<&Config::api_server_token>(ConfigKey{
        "api_server_token", "FILE", "Token that is shown to it; default: the service account's.",
        false, [](Config& c, const Values& v) { return SetText(c.api_server_token, v); }}),
    Sets<&Config::host_root>(ConfigKey{
        "host_root", "PATH",
        "Where the node's root file system is seen: / on the node, a mount of it in a pod.", false,
        SetHostRoot}),
    Sets<&Config::hold_ms>(ConfigKey{
        "hold_ms", "MS", "How long an event waits for its container to be known; 0: not at all.",
        false, [](Config& c, const Values& v) { return Number(v.back(), 0, 60'000, c.hold_ms); }}),
    Sets<&Config::hold_events>(
        ConfigKey{"hold_events", "COUNT",
                  "Events that may wait at once; more are decided as they are.", false,
                  [](Config& c, const Values& v) {
                    return Number(v.back(), 1, std::size_t{1} << 20, c.hold_events);
                  }}),
    Sets<&Config::hold_bytes>(
        ConfigKey{"hold_bytes", "BYTES", "Memory that waiting events may take.", false,
                  [](Config& c, const Values& v) {
                    return Number(v.back(), 65536, std::size_t{1} << 34, c.hold_bytes);
                  }}),
};

}  // namespace

std::span<const ConfigKey> WatchKeys() { return kWatchKeys; }

}  // namespace nezuban::daemon
