// SPDX-License-Identifier: Apache-2.0
#include "daemon/config.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <optional>

#include "base/read_file.h"
#include "base/redact.h"
#include "base/text.h"
#include "daemon/config_sinks.h"

namespace nezuban::daemon {
namespace {

using Values = std::vector<std::string>;

constexpr std::size_t kMaxConfig = std::size_t{4} << 20;

std::string OneOf(const std::string& value, std::span<const std::string_view> allowed,
                  std::string& out) {
  if (std::find(allowed.begin(), allowed.end(), value) != allowed.end()) {
    out = value;
    return {};
  }
  std::string expected = "expected one of";
  for (std::string_view a : allowed) expected += ' ' + std::string(a);
  return expected;
}

std::string Number(const std::string& value, std::size_t low, std::size_t high, std::size_t& out) {
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (error != std::errc() || end != value.data() + value.size() || number < low || number > high) {
    return "expected a number from " + std::to_string(low) + " to " + std::to_string(high);
  }
  out = number;
  return {};
}

// The kernel wants a power of two of pages.
std::string RingBytes(const std::string& value, std::size_t& out) {
  std::size_t bytes = 0;
  std::string error = Number(value, 65536, std::size_t{1} << 30, bytes);
  if (!error.empty()) return error;
  if ((bytes & (bytes - 1)) != 0) return "expected a power of two";
  out = bytes;
  return {};
}

std::string SetText(std::string& out, const Values& values) {
  out = values.back();
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

std::string SetSinks(Config& config, const Values& values) {
  config.sinks.clear();
  Diagnostics diagnostics;
  for (const std::string& value : values) ReadSinks(value, config.sinks, diagnostics);
  return diagnostics.has_errors() ? diagnostics.all().front().message : "";
}

void ReadSinksKey(Config& config, const YAML::Node& value, const std::string& path,
                  Diagnostics& diagnostics) {
  config.sinks.clear();
  ReadSinks(value, path, config.sinks, diagnostics);
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

std::string SetHostRoot(Config& config, const Values& values) {
  std::string root = values.back();
  if (!root.starts_with('/')) return "expected an absolute path";
  while (root.size() > 1 && root.ends_with('/')) root.pop_back();
  config.host_root = std::move(root);
  return {};
}

// "90s", "15m", "12h", "7d".
std::string Duration(const std::string& value, std::chrono::seconds& out) {
  static constexpr std::array<std::pair<char, int>, 4> kUnits = {
      {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 24 * 3600}}};
  const auto unit =
      std::ranges::find(kUnits, value.empty() ? '\0' : value.back(), &std::pair<char, int>::first);
  std::size_t number = 0;
  constexpr std::size_t kMaxDays = 36'500;
  if (unit == kUnits.end() ||
      !Number(value.substr(0, value.size() - 1), 1, kMaxDays * 24 * 3600, number).empty() ||
      number > kMaxDays * 24 * 3600 / static_cast<std::size_t>(unit->second)) {
    return "expected a time such as 90s, 15m, 12h or 7d";
  }
  out = std::chrono::seconds(number * static_cast<std::size_t>(unit->second));
  return {};
}

std::string SetPriority(const std::string& value, alert::Priority& out) {
  return alert::ParsePriority(value, out) ? "" : "expected a priority from Emergency to Debug";
}

std::string YesOrNo(const std::string& value, bool& out) {
  if (value != "true" && value != "false") return "expected true or false";
  out = value == "true";
  return {};
}

constexpr std::array<std::string_view, 3> kSensors = {"auto", "object", "tracepoint"};
constexpr std::array<std::string_view, 2> kRuleMatchings = {"all", "first"};
constexpr std::array<std::string_view, 3> kOutputs = {"text", "json", "none"};
constexpr std::array<std::string_view, 4> kLogLevels = {"debug", "info", "warn", "error"};

constexpr std::array kKeys = {
    ConfigKey{"rules", "PATH", "Rule file or directory of them; in the order given.", true,
              [](Config& c, const Values& v) -> std::string {
                c.rules = v;
                return {};
              }},
    ConfigKey{"rule_selection", "SELECTION",
              "enable or disable rules by name (* for any characters) or tag, in order: "
              "disable.rule=NAME, enable.tag=TAG.",
              true, SetSelection, true},
    ConfigKey{"append_output", "YAML",
              "What rules say besides: {match: {tags: [T]}, extra_output: FORMAT, extra_fields: "
              "[FIELD, {KEY: FORMAT}], suggested_output: true}.",
              true, SetAppendOutput, true},
    ConfigKey{"static_fields", "NAME=VALUE", "Values that outputs can name as %static.NAME.", true,
              SetStaticFields, true},
    ConfigKey{"socket", "PATH", "Unix socket of the gRPC service (mode 0600).", false,
              [](Config& c, const Values& v) { return SetText(c.socket, v); }},
    ConfigKey{"listen", "ADDRESS",
              "TCP address of the gRPC service as well: 127.0.0.1:PORT, with TLS any ADDRESS:PORT.",
              false, [](Config& c, const Values& v) { return SetText(c.listen, v); }},
    ConfigKey{"tls_certificate", "FILE",
              "Certificate chain of the TCP service, in PEM. Replaced files count for new "
              "connections, without a restart.",
              false, [](Config& c, const Values& v) { return SetText(c.tls_certificate, v); }},
    ConfigKey{"tls_key", "FILE", "Its private key, in PEM.", false,
              [](Config& c, const Values& v) { return SetText(c.tls_key, v); }},
    ConfigKey{"tls_client_ca", "FILE",
              "What vouches for clients' certificates, in PEM; no client gets in without one.",
              false, [](Config& c, const Values& v) { return SetText(c.tls_client_ca, v); }},
    ConfigKey{"tls_readers", "GLOB",
              "Clients whose certificate has such a name (CN or alternative name) may read alerts "
              "and status; default: *, all that the CA vouches for.",
              true,
              [](Config& c, const Values& v) -> std::string {
                c.tls_readers = v;
                return {};
              }},
    ConfigKey{"tls_administrators", "GLOB",
              "The same for those who may do everything: list, check and reload rules; default: "
              "nobody. On the unix socket its permissions decide.",
              true,
              [](Config& c, const Values& v) -> std::string {
                c.tls_administrators = v;
                return {};
              }},
    ConfigKey{"sensors", "KIND", "auto, object or tracepoint; auto takes the best that delivers.",
              false,
              [](Config& c, const Values& v) { return OneOf(v.back(), kSensors, c.sensors); }},
    ConfigKey{"output", "FORMAT", "Alerts on standard output: text, json or none.", false,
              [](Config& c, const Values& v) { return OneOf(v.back(), kOutputs, c.output); }},
    ConfigKey{"priority", "PRIORITY", "Rules less severe than this are not loaded.", false,
              [](Config& c, const Values& v) { return SetPriority(v.back(), c.priority); }},
    ConfigKey{"rule_matching", "WHICH",
              "all: every rule an event matches alerts; first: only the first defined of them.",
              false,
              [](Config& c, const Values& v) {
                return OneOf(v.back(), kRuleMatchings, c.rule_matching);
              }},
    ConfigKey{"hostname", "NAME", "Name of the node in alerts; default: the machine's.", false,
              [](Config& c, const Values& v) { return SetText(c.hostname, v); }},
    ConfigKey{"log_level", "LEVEL", "debug, info, warn or error; logs go to standard error.", false,
              [](Config& c, const Values& v) { return OneOf(v.back(), kLogLevels, c.log_level); }},
    ConfigKey{"vital_ring_bytes", "BYTES", "Ring buffer for process life and dangerous acts.",
              false,
              [](Config& c, const Values& v) { return RingBytes(v.back(), c.vital_ring_bytes); }},
    ConfigKey{"bulk_ring_bytes", "BYTES", "Ring buffer for connections and other frequent acts.",
              false,
              [](Config& c, const Values& v) { return RingBytes(v.back(), c.bulk_ring_bytes); }},
    ConfigKey{
        "flood_rate", "COUNT",
        "Connections and other frequent acts of one cgroup that are looked at, a second; 0: "
        "any number.",
        false,
        [](Config& c, const Values& v) { return Number(v.back(), 0, 100'000'000, c.flood_rate); }},
    ConfigKey{
        "flood_burst", "COUNT", "The same at once, before the rate counts.", false,
        [](Config& c, const Values& v) { return Number(v.back(), 1, 100'000'000, c.flood_burst); }},
    ConfigKey{"max_processes", "COUNT", "Processes remembered, ended ones included.", false,
              [](Config& c, const Values& v) {
                return Number(v.back(), 1024, std::size_t{1} << 24, c.max_processes);
              }},
    ConfigKey{"watch_rules", "BOOL",
              "Load the rules again when their files change; else at SIGHUP.", false,
              [](Config& c, const Values& v) { return YesOrNo(v.back(), c.watch_rules); }},
    ConfigKey{"record", "FILE", "Record what is seen to a new file as well.", false,
              [](Config& c, const Values& v) { return SetText(c.record, v); }},
    ConfigKey{"redact", "BOOL", "Mask passwords, tokens and keys in alerts and recordings.", false,
              [](Config& c, const Values& v) { return YesOrNo(v.back(), c.redact); }},
    ConfigKey{
        "redact_patterns", "REGEX",
        "More to mask: the first group of a regular expression (RE2), or all it matches.", true,
        [](Config& c, const Values& v) -> std::string {
          const auto made = Redactor::Make(v);
          if (!made) return made.error().message;
          c.redact_patterns = v;
          return {};
        }},
    ConfigKey{"cri_socket", "PATH",
              "Socket of the container runtime, for names of pods and images; auto: found by "
              "itself, none: not asked.",
              false, SetCriSocket},
    ConfigKey{"host_root", "PATH",
              "Where the node's root file system is seen: / on the node, a mount of it in a pod.",
              false, SetHostRoot},
    ConfigKey{"hold_ms", "MS",
              "How long an event waits for its container to be known; 0: not at all.", false,
              [](Config& c, const Values& v) { return Number(v.back(), 0, 60'000, c.hold_ms); }},
    ConfigKey{
        "hold_events", "COUNT", "Events that may wait at once; more are decided as they are.",
        false,
        [](Config& c,
           const Values& v) { return Number(v.back(), 1, std::size_t{1} << 20, c.hold_events); }},
    ConfigKey{"hold_bytes", "BYTES", "Memory that waiting events may take.", false,
              [](Config& c, const Values& v) {
                return Number(v.back(), 65536, std::size_t{1} << 34, c.hold_bytes);
              }},
    ConfigKey{
        "rate_limit", "COUNT",
        "Alerts of one rule that are told a minute; the others are counted in a summary. 0: "
        "any number.",
        false,
        [](Config& c, const Values& v) { return Number(v.back(), 0, 1'000'000, c.rate_limit); }},
    ConfigKey{
        "rate_burst", "COUNT", "The same at once, before the rate counts.", false,
        [](Config& c, const Values& v) { return Number(v.back(), 1, 1'000'000, c.rate_burst); }},
    ConfigKey{"dedup_window_ms", "MS",
              "How long an alert is not told again that is alike in dedup_fields; repeats are "
              "counted in a summary. 0: all are told.",
              false,
              [](Config& c,
                 const Values& v) { return Number(v.back(), 0, 86'400'000, c.dedup_window_ms); }},
    ConfigKey{
        "dedup_fields", "FIELD",
        "Alerts of one rule with the same values of these are alike: container.id, "
        "container.origin, evt.type, proc.name, proc.exepath, proc.pid, or what outputs name.",
        true,
        [](Config& c, const Values& v) -> std::
                                           string {
                                             c.dedup_fields = v;
                                             return {};
                                           }},
    ConfigKey{"metrics", "ADDRESS",
              "Where /metrics, /healthz and /readyz are served over HTTP; none: nowhere.", false,
              [](Config& c, const Values& v) { return SetText(c.metrics, v); }},
    ConfigKey{"store", "DIRECTORY",
              "Where alerts are kept until they are too old; memory: nowhere.", false,
              [](Config& c, const Values& v) -> std::string {
                if (v.back() != "memory" && !v.back().starts_with('/')) {
                  return "expected a path from the root, or memory";
                }
                return SetText(c.store, v);
              }},
    ConfigKey{"store_max_bytes", "BYTES", "Size of the store; then the oldest alerts go.", false,
              [](Config& c, const Values& v) {
                return Number(v.back(), std::size_t{1} << 20, std::size_t{1} << 40,
                              c.store_max_bytes);
              }},
    ConfigKey{"store_max_age", "TIME",
              "Older alerts go, unless a named subscriber still needs them: 90s, 15m, 12h, 7d.",
              false,
              [](Config& c, const Values& v) { return Duration(v.back(), c.store_max_age); }},
    ConfigKey{"store_sync", "PRIORITY",
              "Alerts this severe are on disk before they are sent, others soon after.", false,
              [](Config& c, const Values& v) { return SetPriority(v.back(), c.store_sync); }},
    ConfigKey{"sinks", "YAML",
              "Where alerts go besides: {name: NAME, type: file|syslog|webhook|otlp, …}; "
              "`nezuban sinks` tells the options of each type.",
              true, SetSinks, true, ReadSinksKey},
};

constexpr bool NamesUnique() {
  for (std::size_t i = 0; i < kKeys.size(); ++i) {
    for (std::size_t j = i + 1; j < kKeys.size(); ++j) {
      if (kKeys[i].name == kKeys[j].name) return false;
    }
    if (kKeys[i].doc.empty()) return false;
  }
  return true;
}
static_assert(NamesUnique(), "config keys are unique and documented");

Position PositionOf(const std::string& path, const YAML::Mark& mark) {
  if (mark.is_null()) return {path, 0, 0};
  return {path, mark.line + 1, mark.column + 1};
}

// A scalar, or a map as the text that a flag would be given: {disable: {rule: X}}.
std::optional<std::string> TextOf(const YAML::Node& node, bool takes_maps) {
  if (node.IsScalar()) return node.Scalar();
  if (!node.IsMap() || !takes_maps) return std::nullopt;
  YAML::Emitter text;
  text.SetMapFormat(YAML::Flow);
  text.SetSeqFormat(YAML::Flow);
  text.SetStringFormat(YAML::DoubleQuoted);  // else `*` would be an alias, and ~ nothing
  text << node;
  return text.c_str();
}

// The values of a scalar or map, or of a sequence of such; nullopt if it is anything else.
std::optional<Values> ValuesOf(const YAML::Node& node, bool takes_maps) {
  if (!node.IsSequence()) {
    const auto text = TextOf(node, takes_maps);
    return text ? std::optional(Values{*text}) : std::nullopt;
  }
  Values values;
  for (const YAML::Node& item : node) {
    const auto text = TextOf(item, takes_maps);
    if (!text) return std::nullopt;
    values.push_back(*text);
  }
  return values;
}

void SetKey(const std::string& path, const YAML::Node& key, const YAML::Node& value, Config& config,
            Diagnostics& diagnostics) {
  const Position at = PositionOf(path, key.Mark());
  const std::string name = key.IsScalar() ? key.Scalar() : "";
  const auto row =
      std::find_if(kKeys.begin(), kKeys.end(), [&](const ConfigKey& k) { return k.name == name; });
  if (row == kKeys.end()) {
    std::vector<std::string_view> names;
    for (const ConfigKey& k : kKeys) names.push_back(k.name);
    diagnostics.Error(at, "unknown key '" + name + "'", NearestHint(name, names));
    return;
  }
  if (row->read != nullptr) return row->read(config, value, path, diagnostics);
  const Position value_at = PositionOf(path, value.Mark());
  const auto values = ValuesOf(value, row->takes_maps);
  if (!values || values->empty() || (values->size() > 1 && !row->repeatable)) {
    const std::string what = row->repeatable ? "a value or a list of values" : "one value";
    diagnostics.Error(value_at, name + ": expected " + what);
    return;
  }
  const std::string problem = row->set(config, *values);
  if (!problem.empty()) diagnostics.Error(value_at, name + ": " + problem);
}

}  // namespace

std::span<const ConfigKey> ConfigKeys() { return kKeys; }

std::string CheckConfig(const Config& config) {
  const bool tls = !config.tls_certificate.empty();
  if (tls != !config.tls_key.empty() || tls != !config.tls_client_ca.empty()) {
    return "tls_certificate, tls_key and tls_client_ca go together";
  }
  if (tls && config.listen.empty()) return "TLS is for TCP: listen has no address";
  return {};
}

void ParseConfig(const std::string& text, const std::string& path, Config& config,
                 Diagnostics& diagnostics) try {
  const YAML::Node root = YAML::Load(text);
  if (root.IsNull()) return;
  if (!root.IsMap()) {
    diagnostics.Error(PositionOf(path, root.Mark()), "expected a map of keys and values");
    return;
  }
  for (const auto& entry : root) SetKey(path, entry.first, entry.second, config, diagnostics);
} catch (const YAML::Exception& e) {
  diagnostics.Error(PositionOf(path, e.mark), e.msg);
}

void LoadConfig(const std::string& path, Config& config, Diagnostics& diagnostics) {
  const auto text = ReadFile(path, kMaxConfig);
  if (!text) {
    diagnostics.Error({path, 0, 0}, "cannot be read: " + text.error().message);
    return;
  }
  ParseConfig(*text, path, config, diagnostics);
}

std::vector<std::string> DefaultRules() {
  std::error_code ignored;
  if (std::filesystem::is_directory("/etc/nezuban/rules", ignored)) return {"/etc/nezuban/rules"};
  return {NEZUBAN_SOURCE_RULES};
}

NoiseLimits NoiseOf(const Config& config) {
  NoiseLimits limits;
  limits.rate = config.rate_limit;
  limits.burst = config.rate_burst;
  limits.repeat_window_ns = config.dedup_window_ms * 1'000'000;
  limits.repeat_fields = config.dedup_fields;
  return limits;
}

std::vector<std::string> RulesOrDefault(std::vector<std::string> named) {
  return named.empty() ? DefaultRules() : std::move(named);
}

filter::RuleMatching WhichRules(const Config& config) {
  return config.rule_matching == "first" ? filter::RuleMatching::kFirst
                                         : filter::RuleMatching::kAll;
}

}  // namespace nezuban::daemon
