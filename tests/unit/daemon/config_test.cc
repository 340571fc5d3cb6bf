// SPDX-License-Identifier: Apache-2.0
#include "daemon/config.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <set>

#include "testlib/temp_dir.h"

namespace nezuban::daemon {
namespace {

// A file that goes away with the test.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& text) { std::ofstream(path_) << text; }
  const std::string& path() const { return path_; }

 private:
  const testlib::TempDir directory_;
  const std::string path_ = directory_ / "config.yaml";
};

struct Loaded {
  Config config;
  std::string problems;  // without the file's name
};

Loaded Load(const std::string& text) {
  const TemporaryFile file(text);
  Loaded loaded;
  Diagnostics diagnostics;
  LoadConfig(file.path(), loaded.config, diagnostics);
  loaded.problems = diagnostics.ToString();
  for (std::size_t at; (at = loaded.problems.find(file.path() + ":")) != std::string::npos;) {
    loaded.problems.erase(at, file.path().size() + 1);
  }
  return loaded;
}

TEST(Config, ReadsEveryKindOfValue) {
  const Loaded loaded = Load(
      "rules: [/a, /b.yaml]\nsocket: /s\nsensors: tracepoint\npriority: warning\n"
      "rule_matching: first\nbulk_ring_bytes: 131072\nmax_processes: 2048\noutput: json\n");
  EXPECT_EQ(loaded.problems, "");
  EXPECT_EQ(loaded.config.rules, (std::vector<std::string>{"/a", "/b.yaml"}));
  EXPECT_EQ(loaded.config.socket, "/s");
  EXPECT_EQ(loaded.config.sensors, "tracepoint");
  EXPECT_EQ(loaded.config.priority, alert::Priority::kWarning);
  EXPECT_EQ(loaded.config.rule_matching, "first");
  EXPECT_EQ(loaded.config.bulk_ring_bytes, 131072u);
  EXPECT_EQ(loaded.config.max_processes, 2048u);
  EXPECT_EQ(loaded.config.output, "json");
}

TEST(Config, SelectsRulesByMapsAndTexts) {
  const Loaded loaded = Load(
      "rule_selection:\n  - disable: {rule: '*'}\n  - enable:\n      tag: net\n"
      "  - disable.rule=Shell one\n");
  EXPECT_EQ(loaded.problems, "");
  ASSERT_EQ(loaded.config.rule_selection.size(), 3u);
  EXPECT_EQ(loaded.config.rule_selection[0].what, "*");
  EXPECT_FALSE(loaded.config.rule_selection[0].enable);
  EXPECT_EQ(loaded.config.rule_selection[1].by, ruleset::Selection::By::kTag);
  EXPECT_TRUE(loaded.config.rule_selection[1].enable);
  EXPECT_EQ(loaded.config.rule_selection[2].what, "Shell one");
  EXPECT_NE(Load("rule_selection: [{off: {rule: x}}]\n").problems, "");
}

TEST(Config, AddsToOutputs) {
  const Loaded loaded = Load(
      "append_output:\n  - suggested_output: true\n  - match: {tags: [a], source: syscall}\n"
      "    extra_output: '| %proc.name: ~'\n    extra_fields: [proc.pid, {k: 'x %proc.pid'}]\n"
      "static_fields: {region: '10', b: x=y}\n");
  EXPECT_EQ(loaded.problems, "");
  ASSERT_EQ(loaded.config.append_output.size(), 2u);
  EXPECT_TRUE(loaded.config.append_output[0].suggested);
  const ruleset::OutputExtra& extra = loaded.config.append_output[1];
  EXPECT_EQ(extra.output, "| %proc.name: ~");
  EXPECT_EQ(extra.tags, std::vector<std::string>{"a"});
  EXPECT_EQ(extra.source, "syscall");
  ASSERT_EQ(extra.fields.size(), 2u);
  EXPECT_EQ(extra.fields[0], std::pair(std::string("proc.pid"), std::string("%proc.pid")));
  EXPECT_EQ(extra.fields[1], std::pair(std::string("k"), std::string("x %proc.pid")));
  EXPECT_EQ(loaded.config.static_fields, (ruleset::StaticFields{{"region", "10"}, {"b", "x=y"}}));
  EXPECT_EQ(Load("append_output: [{extra: x}]\n").problems,
            "1:16: error: append_output: unknown key 'extra', expected match, extra_output, "
            "extra_fields or suggested_output\n");
  EXPECT_NE(Load("static_fields: x\n").problems, "");
}

TEST(Config, EmptyFileKeepsDefaults) { EXPECT_EQ(Load("").problems, ""); }

TEST(Config, OneValueIsAListOfOne) {
  EXPECT_EQ(Load("rules: /a").config.rules, std::vector<std::string>{"/a"});
}

struct BadCase {
  const char* text;
  const char* problems;
};

TEST(Config, TellsEveryProblemWithItsPlace) {
  const BadCase cases[] = {
      {"sockett: /a\n", "1:1: error: unknown key 'sockett', did you mean 'socket'?\n"},
      {"sensors: all\n", "1:10: error: sensors: expected one of auto object tracepoint\n"},
      {"max_processes: many\n",
       "1:16: error: max_processes: expected a number from 1024 to 16777216\n"},
      {"max_processes: 1\nbulk_ring_bytes: 70000\n",
       "1:16: error: max_processes: expected a number from 1024 to 16777216\n"
       "2:18: error: bulk_ring_bytes: expected a power of two\n"},
      {"socket: {a: b}\n", "1:9: error: socket: expected one value\n"},
      {"socket: [a, b]\n", "1:9: error: socket: expected one value\n"},
      {"rules: {a: b}\n", "1:8: error: rules: expected a value or a list of values\n"},
      {"- socket\n", "1:1: error: expected a map of keys and values\n"},
      {"rule_matching: last\n", "1:16: error: rule_matching: expected one of all first\n"},
      {"priority: loud\n", "1:11: error: priority: expected a priority from Emergency to Debug\n"},
  };
  for (const BadCase& c : cases) EXPECT_EQ(Load(c.text).problems, c.problems) << c.text;
}

TEST(Config, ReadsSinks) {
  const Loaded loaded = Load(
      "sinks:\n"
      "  - name: archive\n    type: file\n    path: /var/log/a.jsonl\n    max_bytes: 1000\n"
      "    min_priority: warning\n    rules: [Shell*, 'Drift: *']\n"
      "  - {name: other, type: file, path: /b, retry_max_ms: 50}\n");
  EXPECT_EQ(loaded.problems, "");
  ASSERT_EQ(loaded.config.sinks.size(), 2u);
  const sinks::SinkOptions& sink = loaded.config.sinks[0];
  EXPECT_EQ(sink.name, "archive");
  EXPECT_EQ(sink.file.path, "/var/log/a.jsonl");
  EXPECT_EQ(sink.file.max_bytes, 1000u);
  EXPECT_EQ(sink.min_priority, alert::Priority::kWarning);
  EXPECT_EQ(sink.rules, (std::vector<std::string>{"Shell*", "Drift: *"}));
  EXPECT_EQ(loaded.config.sinks[1].retry_max, std::chrono::milliseconds(50));
}

TEST(Config, TellsEveryProblemOfASinkWithItsPlace) {
  const BadCase cases[] = {
      {"sinks: [a]\n", "1:9: error: sinks: expected a map with name, type and more\n"},
      {"sinks: {name: a}\n", "1:8: error: a sink needs a type\n"},
      {"sinks:\n  - {name: a, type: fil}\n",
       "2:21: error: unknown type of sink 'fil': expected one of file stdout syslog webhook otlp, "
       "did you "
       "mean 'file'?\n"},
      {"sinks:\n  - name: a\n    type: file\n    pathh: /x\n",
       "4:5: error: unknown key 'pathh' of a sink of type file, did you mean 'path'?\n"},
      {"sinks:\n  - name: a\n    type: file\n", "2:5: error: a sink of type file needs path\n"},
      {"sinks: [{type: syslog, name: a, transport: tcp, address: h}]\n",
       "1:9: error: address: expected HOST:PORT\n"},
      {"sinks: [{type: syslog, name: a, transport: tls, address: 'h:1', tls_cert: /c}]\n",
       "1:9: error: tls_cert and tls_key go together\n"},
      {"sinks: [{type: webhook, name: a, url: 'https://h', tls_server_name: x}]\n",
       "1:52: error: unknown key 'tls_server_name' of a sink of type webhook\n"},
      {"sinks: [{type: webhook, name: a, url: 'http://h', tls_ca: /x}]\n",
       "1:9: error: tls_… has no effect without an https:// url\n"},
      {"sinks: [{type: syslog, name: a, transport: tcp, address: 'h:1', tls_ca: /x}]\n",
       "1:9: error: tls_… has no effect without transport: tls\n"},
      {"sinks: [{type: syslog, name: a, tls_server_name: x}]\n",
       "1:9: error: tls_… has no effect without transport: tls\n"},
      {"sinks: [{type: otlp, name: a, address: 'h:1', plaintext: true, tls_server_name: x}]\n",
       "1:9: error: tls_… has no effect with plaintext: true\n"},
      {"sinks: [{type: webhook, name: a, url: 'ftp://h'}]\n",
       "1:39: error: url: expected http://… or https://…\n"},
      {"sinks: [{type: otlp, name: a, address: 'h:1', headers: {x y: z}}]\n",
       "1:56: error: headers: expected a name of letters, digits, -, _ and .\n"},
      {"sinks: [{type: file, name: a b, path: x}]\n",
       "1:28: error: name: expected 1 to 59 letters, digits, - and _\n"
       "1:39: error: path: expected a path from the root\n"},
      {"sinks: [{type: file, name: [a], path: /x}]\n", "1:28: error: name: expected one value\n"},
      {"sinks: [{type: file, name: a, path: /x, path: /y}]\n",
       "1:41: error: 'path' is there twice\n"},
      {"sinks: [{type: file, name: a, path: /x}, {type: file, name: a, path: /y}]\n",
       "1:42: error: there is another sink named 'a'\n"},
  };
  for (const BadCase& c : cases) EXPECT_EQ(Load(c.text).problems, c.problems) << c.text;
}

TEST(Config, ASinkIsAFlagToo) {
  for (const ConfigKey& key : ConfigKeys()) {
    if (key.name != "sinks") continue;
    Config config;
    EXPECT_EQ(key.set(config, {"{name: a, type: file, path: /x}"}), "");
    EXPECT_EQ(config.sinks.at(0).file.path, "/x");
    EXPECT_EQ(key.set(config, {"{name: a, type: file}"}), "a sink of type file needs path");
    EXPECT_NE(key.set(config, {"{name"}), "");
  }
}

TEST(Config, TlsOfTheServiceIsAllOrNothing) {
  const auto check = [](const std::string& text) { return CheckConfig(Load(text).config); };
  const std::string together = "tls_certificate, tls_key and tls_client_ca go together";
  EXPECT_EQ(check(""), "");
  EXPECT_EQ(check("tls_certificate: c\n"), together);
  EXPECT_EQ(check("tls_certificate: c\ntls_key: k\nlisten: 0.0.0.0:1\n"), together);
  EXPECT_EQ(check("tls_client_ca: a\n"), together);
  const std::string all = "tls_certificate: c\ntls_key: k\ntls_client_ca: a\n";
  EXPECT_EQ(check(all), "TLS is for TCP: listen has no address");
  EXPECT_EQ(check(all + "listen: 0.0.0.0:1\n"), "");
  EXPECT_EQ(Load("tls_administrators: [ops-1, ops-2]\n").config.tls_administrators.size(), 2u);
}

TEST(Config, OnlyWhoAsksHasToBeInAPod) {
  Config config = Load("api_server: in-cluster\n").config;
  ASSERT_EQ(std::getenv("KUBERNETES_SERVICE_HOST"), nullptr);  // NOLINT(concurrency-mt-unsafe)
  EXPECT_EQ(CheckConfig(config), "") << "a replay asks nobody";
  EXPECT_EQ(CheckSources(config),
            "api_server: in-cluster is for a pod: KUBERNETES_SERVICE_HOST is not set");
  config.api_server = "https://api:6443";
  EXPECT_EQ(CheckSources(config), "");
}

TEST(Config, AnApiServerIsOfNoUseWithoutARuntime) {
  EXPECT_EQ(WarnOfSources(Load("").config), "");
  EXPECT_EQ(WarnOfSources(Load("cri_socket: none\n").config), "");
  EXPECT_EQ(WarnOfSources(Load("api_server: https://api:6443\n").config), "");
  EXPECT_EQ(WarnOfSources(Load("api_server: https://api:6443\ncri_socket: none\n").config),
            "api_server tells nothing without cri_socket, which says of what pod a container is");
}

TEST(Config, BrokenYamlHasAPlace) {
  const std::string problems = Load("rules: [a\nsocket: b\n").problems;
  EXPECT_NE(problems.find("error:"), std::string::npos) << problems;
  EXPECT_EQ(problems.find("2:"), 0u) << problems;
}

TEST(Config, MissingFileIsAnError) {
  Config config;
  Diagnostics diagnostics;
  LoadConfig("/nonexistent/nezuban.yaml", config, diagnostics);
  EXPECT_EQ(diagnostics.ToString(),
            "/nonexistent/nezuban.yaml: error: cannot be read: No such file or directory\n");
}

TEST(Config, ADirectoryIsAnError) {
  Config config;
  Diagnostics diagnostics;
  LoadConfig("/tmp", config, diagnostics);
  EXPECT_EQ(diagnostics.ToString(), "/tmp: error: cannot be read: Is a directory\n");
}

TEST(Config, TakesTlsWhereItHasAnEffect) {
  EXPECT_EQ(Load("sinks:\n"
                 "  - {name: a, type: syslog, transport: tls, address: 'h:1', tls_server_name: x}\n"
                 "  - {name: b, type: webhook, url: 'https://h', tls_ca: /x}\n"
                 "  - {name: c, type: otlp, address: 'h:1', tls_ca: /x, tls_server_name: x}\n")
                .problems,
            "");
}

Config With(const std::string& text) {
  Config config;
  Diagnostics diagnostics;
  ParseConfig(text, "f", config, diagnostics);
  EXPECT_EQ(diagnostics.ToString(), "");
  return config;
}

TEST(Config, WhatChangedIsTakenOverOrNeedsARestart) {
  Config running =
      With("priority: warning\nrate_limit: 7\nsinks: [{name: a, type: file, path: /a}]");
  const ConfigChanges changes = TakeOver(With("rate_limit: 8\nlog_level: debug\nstore: memory\n"
                                              "sinks: [{name: b, type: file, path: /a}]"),
                                         running);
  EXPECT_EQ(changes.taken, (std::vector<std::string>{"priority", "log_level", "rate_limit"}));
  EXPECT_EQ(changes.need_restart, (std::vector<std::string>{"store", "sinks"}));
  EXPECT_EQ(running.priority, alert::Priority::kDebug) << "no longer given: the default";
  EXPECT_EQ(running.rate_limit, 8u);
  EXPECT_EQ(running.log_level, "debug");
  EXPECT_NE(running.store, "memory");
  EXPECT_EQ(running.sinks.at(0).name, "a");
}

TEST(Config, NothingChangedIsNothingToTakeOver) {
  const std::string text = "rules: [/a, /b]\nstore_max_age: 12h\nstatic_fields: [a=b]";
  Config running = With(text);
  const ConfigChanges changes = TakeOver(With(text), running);
  EXPECT_TRUE(changes.taken.empty());
  EXPECT_TRUE(changes.need_restart.empty());
}

TEST(Config, KeysAreUniqueAndDocumented) {
  std::set<std::string_view> names;
  for (const ConfigKey& key : ConfigKeys()) {
    EXPECT_TRUE(names.insert(key.name).second) << key.name;
    EXPECT_FALSE(key.doc.empty()) << key.name;
  }
}

// What --help shows is what the key takes, and of its own value.
TEST(Config, ADefaultReadsAsItIsShown) {
  std::size_t shown = 0;
  for (const ConfigKey& key : ConfigKeys()) {
    const std::string standard = key.shown(Config());
    if (standard.empty()) continue;
    ++shown;
    std::vector<std::string> values;
    for (std::size_t at = 0, end = 0; end != std::string::npos; at = end + 2) {
      end = standard.find(", ", at);
      values.push_back(standard.substr(at, end - at));
    }
    Config config;
    EXPECT_EQ(key.set(config, values), "") << key.name << ": " << standard;
    EXPECT_EQ(key.shown(config), standard) << key.name;
  }
  EXPECT_GT(shown, 20U);
  Config config;
  const auto age = std::ranges::find(ConfigKeys(), "store_max_age", &ConfigKey::name);
  for (const char* text : {"7d", "36h", "90s", "1m"}) {
    EXPECT_EQ(age->set(config, {text}), "");
    EXPECT_EQ(age->shown(config), text);
  }
}

}  // namespace
}  // namespace nezuban::daemon
