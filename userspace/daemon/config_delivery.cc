// SPDX-License-Identifier: Apache-2.0
#include <yaml-cpp/yaml.h>

#include <array>

#include "daemon/config_sinks.h"
#include "daemon/config_values.h"

namespace nezuban::daemon {
namespace {

constexpr std::array<std::string_view, 3> kOutputs = {"text", "json", "none"};

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

constexpr std::array kDeliveryKeys = {
    Sets<&Config::socket>(
        ConfigKey{"socket", "PATH", "Unix socket of the gRPC service (mode 0600).", false,
                  [](Config& c, const Values& v) { return SetText(c.socket, v); }}),
    Sets<&Config::listen>(ConfigKey{
        "listen", "ADDRESS",
        "TCP address of the gRPC service as well: 127.0.0.1:PORT, with TLS any ADDRESS:PORT.",
        false, [](Config& c, const Values& v) { return SetText(c.listen, v); }}),
    Sets<&Config::tls_certificate>(
        ConfigKey{"tls_certificate", "FILE",
                  "Certificate chain of the TCP service, in PEM. Replaced files count for new "
                  "connections, without a restart.",
                  false, [](Config& c, const Values& v) { return SetText(c.tls_certificate, v); }}),
    Sets<&Config::tls_key>(
        ConfigKey{"tls_key", "FILE", "Its private key, in PEM.", false,
                  [](Config& c, const Values& v) { return SetText(c.tls_key, v); }}),
    Sets<&Config::tls_client_ca>(
        ConfigKey{"tls_client_ca", "FILE",
                  "What vouches for clients' certificates, in PEM; no client gets in without one.",
                  false, [](Config& c, const Values& v) { return SetText(c.tls_client_ca, v); }}),
    Reloads<&Config::tls_readers>(ConfigKey{
        "tls_readers", "GLOB",
        "Clients whose certificate has such a name (CN or alternative name) may read alerts "
        "and status; *: all that the CA vouches for. Calls that are open go on.",
        true, [](Config& c, const Values& v) { return SetList(c.tls_readers, v); }}),
    Reloads<&Config::tls_administrators>(ConfigKey{
        "tls_administrators", "GLOB",
        "The same for those who may do everything: list, check and reload rules, list containers, "
        "watch events, move any subscriber's place; default: nobody. On the unix socket its "
        "permissions decide.",
        true, [](Config& c, const Values& v) { return SetList(c.tls_administrators, v); }}),
    Sets<&Config::output>(
        ConfigKey{"output", "FORMAT", "Alerts on standard output: text, json or none.", false,
                  [](Config& c, const Values& v) { return OneOf(v.back(), kOutputs, c.output); }}),
    Sets<&Config::metrics>(
        ConfigKey{"metrics", "ADDRESS",
                  "Where /metrics, /healthz and /readyz are served over HTTP; none: nowhere.",
                  false, [](Config& c, const Values& v) { return SetText(c.metrics, v); }}),
    Reloads<&Config::rate_limit>(ConfigKey{
        "rate_limit", "COUNT",
        "Alerts of one rule that are told a minute; the others are counted in a summary. 0: "
        "any number.",
        false,
        [](Config& c, const Values& v) { return Number(v.back(), 0, 1'000'000, c.rate_limit); }}),
    Reloads<&Config::rate_burst>(ConfigKey{
        "rate_burst", "COUNT", "The same at once, before the rate counts.", false,
        [](Config& c, const Values& v) { return Number(v.back(), 1, 1'000'000, c.rate_burst); }}),
    Reloads<&Config::dedup_window_ms>(ConfigKey{
        "dedup_window_ms", "MS",
        "How long an alert is not told again that is alike in dedup_fields; repeats are "
        "counted in a summary. 0: all are told.",
        false,
        [](Config& c,
           const Values& v) { return Number(v.back(), 0, 86'400'000, c.dedup_window_ms); }}),
    Reloads<&Config::dedup_fields>(ConfigKey{
        "dedup_fields", "FIELD",
        "Alerts of one rule with the same values of these are alike: container.id, "
        "container.origin, evt.type, proc.name, proc.exepath, proc.pid, or what outputs name.",
        true, [](Config& c, const Values& v) { return SetList(c.dedup_fields, v); }}),
    Sets<&Config::store>(
        ConfigKey{"store", "DIRECTORY",
                  "Where alerts are kept until they are too old; memory: nowhere.", false,
                  [](Config& c, const Values& v) -> std::string {
                    if (v.back() != "memory" && !v.back().starts_with('/')) {
                      return "expected a path from the root, or memory";
                    }
                    return SetText(c.store, v);
                  }}),
    Sets<&Config::store_max_bytes>(ConfigKey{
        "store_max_bytes", "BYTES", "Size of the store; then the oldest alerts go.", false,
        [](Config& c, const Values& v) {
          return Number(v.back(), std::size_t{1} << 20, std::size_t{1} << 40, c.store_max_bytes);
        }}),
    Sets<&Config::store_max_age>(ConfigKey{
        "store_max_age", "TIME",
        "Older alerts go, unless a named subscriber still needs them: 90s, 15m, 12h, 7d.", false,
        [](Config& c, const Values& v) { return Duration(v.back(), c.store_max_age); }}),
    Sets<&Config::store_sync>(
        ConfigKey{"store_sync", "PRIORITY",
                  "Alerts this severe are on disk before they are sent, others soon after.", false,
                  [](Config& c, const Values& v) { return SetPriority(v.back(), c.store_sync); }}),
    Sets<&Config::sinks>(
        ConfigKey{"sinks", "YAML",
                  "Where alerts go besides: {name: NAME, type: file|syslog|webhook|otlp, …}; "
                  "`nezuban sinks` tells the options of each type.",
                  true, SetSinks, true, ReadSinksKey}),
};

}  // namespace

std::span<const ConfigKey> DeliveryKeys() { return kDeliveryKeys; }

}  // namespace nezuban::daemon
