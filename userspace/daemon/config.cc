// SPDX-License-Identifier: Apache-2.0
#include "daemon/config.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <filesystem>
#include <optional>

#include "base/read_file.h"
#include "base/text.h"
#include "daemon/config_values.h"
#include "kube/endpoint.h"

namespace nezuban::daemon {
namespace {

constexpr std::size_t kMaxConfig = std::size_t{4} << 20;

const std::vector<ConfigKey>& Keys() {
  static const std::vector<ConfigKey> kKeys = [] {
    std::vector<ConfigKey> keys(WatchKeys().begin(), WatchKeys().end());
    keys.insert(keys.end(), DeliveryKeys().begin(), DeliveryKeys().end());
    return keys;
  }();
  return kKeys;
}

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
  const auto row = std::ranges::find(Keys(), name, &ConfigKey::name);
  if (row == Keys().end()) {
    std::vector<std::string_view> names;
    for (const ConfigKey& k : Keys()) names.push_back(k.name);
    diagnostics.Error(at, "unknown key '" + name + "'", NearestHint(name, names));
    return;
  }
  if (row->read != nullptr) {
    YAML::Emitter text;
    text << value;
    config.given[name] = Values{text.c_str()};
    return row->read(config, value, path, diagnostics);
  }
  const Position value_at = PositionOf(path, value.Mark());
  const auto values = ValuesOf(value, row->takes_maps);
  if (!values || values->empty() || (values->size() > 1 && !row->repeatable)) {
    const std::string what = row->repeatable ? "a value or a list of values" : "one value";
    diagnostics.Error(value_at, name + ": expected " + what);
    return;
  }
  config.given[name] = *values;
  const std::string problem = row->set(config, *values);
  if (!problem.empty()) diagnostics.Error(value_at, name + ": " + problem);
}

}  // namespace

std::span<const ConfigKey> ConfigKeys() { return Keys(); }

ConfigChanges TakeOver(const Config& next, Config& running) {
  ConfigChanges changes;
  for (const ConfigKey& key : Keys()) {
    const std::string name(key.name);
    const auto before = running.given.find(name);
    const auto after = next.given.find(name);
    const bool had = before != running.given.end();
    const bool has = after != next.given.end();
    if (had == has && (!has || before->second == after->second)) continue;
    if (key.reload == nullptr) {
      changes.need_restart.push_back(name);
      continue;
    }
    key.reload(next, running);
    if (has) {
      running.given[name] = after->second;
    } else {
      running.given.erase(name);
    }
    changes.taken.push_back(name);
  }
  return changes;
}

std::string CheckConfig(const Config& config) {
  const bool tls = !config.tls_certificate.empty();
  if (tls != !config.tls_key.empty() || tls != !config.tls_client_ca.empty()) {
    return "tls_certificate, tls_key and tls_client_ca go together";
  }
  if (tls && config.listen.empty()) return "TLS is for TCP: listen has no address";
  return {};
}

std::string CheckSources(const Config& config) {
  if (config.api_server == "in-cluster" && kube::InClusterUrl().empty()) {
    return "api_server: in-cluster is for a pod: KUBERNETES_SERVICE_HOST is not set";
  }
  return {};
}

std::string WarnOfSources(const Config& config) {
  if (config.api_server == "none" || config.cri_socket != "none") return {};
  return "api_server tells nothing without cri_socket, which says of what pod a container is";
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
