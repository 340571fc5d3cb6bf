// SPDX-License-Identifier: Apache-2.0
#include "cli/live_rules.h"

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <utility>

#include "alert/json.h"
#include "base/text.h"
#include "cli/joined.h"
#include "rpc/admin_client.h"
#include "ruleset/files.h"

namespace nezuban::cli {
namespace {

constexpr std::chrono::seconds kQuick{10};
constexpr std::chrono::seconds kCompiling{60};

int Report(const char* command, const Error& error) {
  std::fprintf(stderr, "nezuban rules %s: %s\n", command, Printable(error.message).c_str());
  return error.exit_code;
}

void Show(const std::vector<Diagnostic>& problems, std::uint64_t omitted, bool json,
          ShowProblems show) {
  Diagnostics diagnostics;
  for (const Diagnostic& problem : problems) diagnostics.Add(problem);
  if (omitted > 0) diagnostics.Note({}, std::to_string(omitted) + " more problems are not told");
  show(diagnostics, json);
}

void WriteTexts(alert::Json& line, const char* key, const std::vector<std::string>& texts) {
  line.Key(key).Open('[');
  for (const std::string& text : texts) line.String(text);
  line.Close(']');
}

std::string JsonLine(const rpc::LoadedRule& rule) {
  alert::Json line;
  line.Open('{').Key("alerts").Number(static_cast<std::int64_t>(rule.alerts));
  line.Key("desc").String(rule.description).Key("enabled").Bool(rule.enabled);
  WriteTexts(line, "events", rule.events);
  line.Key("file").String(rule.position.file).Key("line").Number(rule.position.line);
  line.Key("priority").String(alert::ToString(rule.priority)).Key("rule").String(rule.name);
  WriteTexts(line, "tags", rule.tags);
  return line.Close('}').Take() + "\n";
}

std::string TextOf(const rpc::LoadedRule& rule) {
  return Printable(rule.name) + (rule.enabled ? "" : " (disabled)") + "\n    " +
         std::string(alert::ToString(rule.priority)) + " · " + std::to_string(rule.alerts) +
         " alerts · " + Printable(Joined(rule.tags)) + " · " + Printable(ToString(rule.position)) +
         "\n";
}

// nullopt: some cannot be read.
std::optional<std::vector<rpc::RuleFile>> ReadFiles(const std::vector<std::string>& paths,
                                                    Diagnostics& diagnostics) {
  std::vector<rpc::RuleFile> files;
  const auto is_rules = [](std::string_view path) { return !ruleset::IsTestFile(path); };
  for (const std::string& path : ruleset::ExpandPaths(paths, is_rules, diagnostics)) {
    auto text = ruleset::ReadFile(path, diagnostics);
    if (text) files.push_back({path, *std::move(text)});
  }
  if (diagnostics.has_errors()) return std::nullopt;
  return files;
}

}  // namespace

int ListLiveRules(const rpc::Endpoint& endpoint, bool json) {
  auto client = rpc::AdminClient::Create(endpoint);
  if (!client) return Report("list", client.error());
  const auto rules = client->ListRules(kQuick);
  if (!rules) return Report("list", rules.error());
  for (const rpc::LoadedRule& rule : *rules) {
    std::fputs((json ? JsonLine(rule) : TextOf(rule)).c_str(), stdout);
  }
  return std::fflush(stdout) == 0 ? 0 : 2;
}

int CheckRulesLive(const rpc::Endpoint& endpoint, const std::vector<std::string>& paths, bool json,
                   ShowProblems show) {
  Diagnostics diagnostics;
  const auto files = ReadFiles(paths, diagnostics);
  if (!files) {
    show(diagnostics, json);
    return 1;
  }
  auto client = rpc::AdminClient::Create(endpoint);
  if (!client) return Report("check", client.error());
  const auto checked = client->CheckRules(*files, kCompiling);
  if (!checked) return Report("check", checked.error());
  Show(checked->diagnostics, checked->omitted, json, show);
  if (!checked->valid) return 1;
  if (!json) std::printf("%u rules: no errors\n", checked->rules);
  return 0;
}

int ReloadRules(const rpc::Endpoint& endpoint, bool json, ShowProblems show) {
  auto client = rpc::AdminClient::Create(endpoint);
  if (!client) return Report("reload", client.error());
  const auto reloaded = client->ReloadRules(kCompiling);
  if (!reloaded) return Report("reload", reloaded.error());
  Show(reloaded->diagnostics, reloaded->omitted, json, show);
  const rpc::RulesStatus& rules = reloaded->rules;
  if (!reloaded->loaded) {
    std::fprintf(stderr, "nezuban rules reload: not loaded; those of generation %llu stay\n",
                 static_cast<unsigned long long>(rules.generation));
    return 1;
  }
  if (!json) {
    std::printf("%u rules loaded, version %s, generation %llu\n", rules.count,
                Printable(rules.version).c_str(),
                static_cast<unsigned long long>(rules.generation));
  }
  return 0;
}

}  // namespace nezuban::cli
