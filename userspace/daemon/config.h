// SPDX-License-Identifier: Apache-2.0
// What the daemon can be told: one table for the keys of nezuban.yaml and the flags of `nezuban
// run`.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "alert/alert.h"
#include "base/diagnostics.h"
#include "daemon/noise.h"
#include "filter/rule_network.h"
#include "ruleset/output_extra.h"
#include "ruleset/selection.h"
#include "sinks/options.h"

namespace YAML {
class Node;
}

namespace nezuban::daemon {

struct Config {
  std::vector<std::string> rules;                  // files and directories; empty: DefaultRules()
  std::vector<ruleset::Selection> rule_selection;  // applied in order
  std::vector<ruleset::OutputExtra> append_output;
  ruleset::StaticFields static_fields;
  std::string socket = "/run/nezuban/nezuban.sock";
  std::string store = "/var/lib/nezuban";  // "memory": no file
  std::size_t store_max_bytes = std::size_t{256} << 20;
  std::chrono::seconds store_max_age = std::chrono::hours(24 * 7);
  alert::Priority store_sync = alert::Priority::kWarning;
  std::string listen;           // "127.0.0.1:PORT", with TLS any "ADDRESS:PORT"; empty: no TCP
  std::string tls_certificate;  // these three: all or none
  std::string tls_key;
  std::string tls_client_ca;
  std::vector<std::string> tls_readers = {"*"};
  std::vector<std::string> tls_administrators;
  std::string sensors = "auto";
  std::string output = "text";
  alert::Priority priority = alert::Priority::kDebug;
  std::string rule_matching = "all";
  std::string hostname;  // empty: the machine's
  std::string node;      // in its cluster; empty: the host name
  std::string cluster;   // may be empty
  std::string log_level = "info";
  std::size_t vital_ring_bytes = std::size_t{8} << 20;
  std::size_t bulk_ring_bytes = std::size_t{8} << 20;
  std::size_t max_processes = 65536;
  std::string record;  // file to record to while watching; empty: none
  bool redact = true;
  std::vector<std::string> redact_patterns;  // besides those of base/redact.cc
  bool watch_rules = false;
  std::size_t hold_ms = 500;  // 0: nothing is held
  std::size_t hold_events = 4096;
  std::size_t hold_bytes = std::size_t{32} << 20;
  std::string cri_socket = "auto";  // of the container runtime; "auto", "none" or a path
  // Of the cluster; "none", "in-cluster" or "https://HOST:PORT".
  std::string api_server = "none";
  std::string api_server_ca = "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt";
  std::string api_server_token = "/var/run/secrets/kubernetes.io/serviceaccount/token";
  std::string host_root = "/";      // where the node's root file system is seen
  std::size_t flood_rate = 50'000;  // bulk records a second and cgroup; 0: any number
  std::size_t flood_burst = 10'000;
  std::vector<sinks::SinkOptions> sinks;
  std::string metrics = "127.0.0.1:9765";  // "none": not served
  std::size_t rate_limit = 0;              // alerts of one rule a minute; 0: any number
  std::size_t rate_burst = 100;
  std::size_t dedup_window_ms = 0;  // 0: repeats are told
  std::vector<std::string> dedup_fields = {"container.id", "proc.exepath"};
  // The keys that were set, and to what, in the words of who did: tells what changed.
  std::map<std::string, std::vector<std::string>> given;
};

// One key of nezuban.yaml (`max_processes`), which is also a flag (`--max-processes`).
struct ConfigKey {
  std::string_view name;
  std::string_view argument;  // shown in --help: "PATH", "BYTES"
  std::string_view doc;
  bool repeatable;
  // Sets it from one or more values. Returns what was expected, or empty if it was fine.
  std::string (*set)(Config& config, const std::vector<std::string>& values);
  // A value may be a map in the file; `set` is given it as the text of a YAML flow map, as a flag
  // would be.
  bool takes_maps = false;
  // For keys whose value has keys of its own: takes the place of `set` in the file, so that each
  // problem has its place in `path`.
  void (*read)(Config& config, const YAML::Node& value, const std::string& path,
               Diagnostics& diagnostics) = nullptr;
  // Takes it over while the monitor runs; nullptr: that takes a restart.
  void (*reload)(const Config& from, Config& to) = nullptr;
  // What it is set to, for people; empty for nothing, and for what has no short form.
  std::string (*shown)(const Config& config) = nullptr;
};

std::span<const ConfigKey> ConfigKeys();

// Keys, by name.
struct ConfigChanges {
  std::vector<std::string> taken;
  std::vector<std::string> need_restart;
};
// Takes over what differs in `next` and can be changed while the monitor runs. What it has of the
// rest stays as it is, and is told each time.
ConfigChanges TakeOver(const Config& next, Config& running);

// What no key says by itself: that some of them go together. The problem, or empty.
std::string CheckConfig(const Config& config);

// Whether those whom a monitor asks can be asked from here. The problem, or empty.
std::string CheckSources(const Config& config);

// What a person should know of how those are asked, or empty.
std::string WarnOfSources(const Config& config);

// Reads the text of a file into `config`. Every problem goes to `diagnostics`, with its place and a
// hint.
void ParseConfig(const std::string& text, const std::string& path, Config& config,
                 Diagnostics& diagnostics);
// The same from the file.
void LoadConfig(const std::string& path, Config& config, Diagnostics& diagnostics);

// Where rules come from when none are named: /etc/nezuban/rules, else rules/default of the source
// tree the binary was built in.
std::vector<std::string> DefaultRules();

NoiseLimits NoiseOf(const Config& config);

// `named`, or DefaultRules() if there are none.
std::vector<std::string> RulesOrDefault(std::vector<std::string> named);

filter::RuleMatching WhichRules(const Config& config);

}  // namespace nezuban::daemon
