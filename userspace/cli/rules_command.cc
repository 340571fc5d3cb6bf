// SPDX-License-Identifier: Apache-2.0
#include "cli/rules_command.h"

#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "alert/json.h"
#include "base/text.h"
#include "cli/client_options.h"
#include "cli/explain_command.h"
#include "cli/joined.h"
#include "cli/live_rules.h"
#include "cli/mitre_table.h"
#include "daemon/replay.h"
#include "event/event.h"
#include "ruleset/junit.h"
#include "ruleset/rule_schema.h"
#include "ruleset/rule_test.h"
#include "ruleset/ruleset.h"

namespace nezuban::cli {
namespace {

struct RulesOptions {
  std::vector<std::string> paths;
  rpc::Endpoint endpoint;
  bool live = false;  // ask a running monitor
  bool json = false;
  bool mitre = false;
  bool dump = false;
  bool coverage = false;
  bool strict = false;
  bool warnings_are_errors = false;
  std::vector<std::string> selection;
  std::string junit_file;
};

void PrintPlace(alert::Json& json, const Position& at, const std::string& message) {
  json.Key("column").Number(at.column).Key("file").String(at.file);
  json.Key("line").Number(at.line).Key("message").String(message);
}

// For editors and CI: one object a line.
void PrintJson(const Diagnostic& d) {
  alert::Json json;
  json.Open('{');
  PrintPlace(json, d.position, d.message);
  json.Key("hint").String(d.hint).Key("remarks").Open('[');
  for (const Remark& remark : d.remarks) {
    json.Open('{');
    PrintPlace(json, remark.position, remark.message);
    json.Close('}');
  }
  json.Close(']').Key("severity").String(ToString(d.severity)).Key("text").String(d.line);
  std::printf("%s\n", json.Close('}').Take().c_str());
}

void Print(const Diagnostics& diagnostics, bool json) {
  if (json) {
    for (const Diagnostic& d : diagnostics.all()) PrintJson(d);
  } else {
    std::fputs(diagnostics.Explain(WantsColour(STDERR_FILENO)).c_str(), stderr);
  }
}

// The rules as the options have them; nullptr after an error.
std::shared_ptr<const ruleset::Ruleset> Load(const RulesOptions& options,
                                             Diagnostics& diagnostics) {
  ruleset::LoadOptions load{.warn_unused = options.strict};
  for (const std::string& text : options.selection) {
    auto selection = ruleset::ParseSelection(text);
    if (selection) {
      load.selection.push_back(std::move(*selection));
    } else {
      diagnostics.Error({}, "'" + text + "': " + selection.error().message);
    }
  }
  return ruleset::Ruleset::Load(options.paths, diagnostics, load);
}

int CheckRules(const RulesOptions& options) {
  if (options.live) return CheckRulesLive(options.endpoint, options.paths, options.json, Print);
  Diagnostics diagnostics;
  const auto ruleset = Load(options, diagnostics);
  Print(diagnostics, options.json);
  if (ruleset == nullptr) return 1;
  if (options.dump) {
    for (const ruleset::Rule& rule : ruleset->rules()) {
      std::printf("%s\n%s", Printable(rule.name).c_str(), rule.program.Dump().c_str());
    }
    std::printf("%s", ruleset->DumpNetwork().c_str());
  }
  const std::size_t warnings = diagnostics.all().size();
  if (!options.json) {
    std::printf("%zu rules: no errors, %zu %s\n", ruleset->rules().size(), warnings,
                warnings == 1 ? "warning" : "warnings");
  }
  return options.warnings_are_errors && warnings > 0 ? 1 : 0;
}

// What explains a rule that looks at more than one event.
void PrintCorrelation(alert::Json& line, const ruleset::Rule& rule) {
  line.Key("alert").Bool(rule.alerts);
  if (rule.after) line.Key("after").String(rule.after->name.text);
  if (rule.count) line.Key("at_least").Number(static_cast<std::int64_t>(rule.count->rule.at_least));
}

std::vector<std::string> EventNamesOf(const ruleset::Rule& rule) {
  std::vector<std::string> names;
  for (std::size_t bit = 0; bit < rule.program.events().size(); ++bit) {
    if (!rule.program.events()[bit]) continue;
    names.emplace_back(
        event::NameOf(static_cast<event::EventType>(bit / 8), static_cast<std::uint8_t>(bit % 8)));
  }
  return names;
}

void PrintRuleJson(const ruleset::Rule& rule) {
  alert::Json line;
  line.Open('{');
  if (rule.correlates()) PrintCorrelation(line, rule);
  line.Key("condition").String(rule.condition).Key("desc").String(rule.desc);
  line.Key("enabled").Bool(rule.enabled).Key("events").Open('[');
  for (const std::string& name : EventNamesOf(rule)) line.String(name);
  line.Close(']').Key("file").String(rule.position.file).Key("line").Number(rule.position.line);
  line.Key("priority").String(alert::ToString(rule.priority)).Key("rule").String(rule.name);
  line.Key("tags").Open('[');
  for (const std::string& tag : rule.tags) line.String(tag);
  std::printf("%s\n", line.Close(']').Close('}').Take().c_str());
}

int ListRules(const RulesOptions& options) {
  if (options.live) return ListLiveRules(options.endpoint, options.json);
  if (options.paths.empty()) {
    std::fputs("nezuban rules list: expected rule files and directories, or --live\n", stderr);
    return 1;
  }
  Diagnostics diagnostics;
  const auto ruleset = Load(options, diagnostics);
  if (ruleset == nullptr) {
    Print(diagnostics, options.json);
    return 1;
  }
  if (options.mitre) std::fputs(MitreTable(ruleset->rules()).c_str(), stdout);
  for (const ruleset::Rule& rule : ruleset->rules()) {
    if (options.mitre) break;
    if (options.json) {
      PrintRuleJson(rule);
      continue;
    }
    std::printf("%s%s\n    %s · %s · %s\n", Printable(rule.name).c_str(),
                rule.enabled ? "" : " (disabled)",
                std::string(alert::ToString(rule.priority)).c_str(),
                Joined(EventNamesOf(rule)).c_str(), Printable(Joined(rule.tags)).c_str());
  }
  return 0;
}

int Reload(const RulesOptions& options) {
  return ReloadRules(options.endpoint, options.json, Print);
}

int PrintSchema(const RulesOptions&) {
  std::fputs(std::string(ruleset::RuleFileSchema()).c_str(), stdout);
  return 0;
}

int TestRules(const RulesOptions& options) {
  Diagnostics diagnostics;
  const ruleset::TestRun run = ruleset::RunTests(options.paths, daemon::CountAlerts, diagnostics);
  Print(diagnostics, false);
  for (const ruleset::TestOutcome& outcome : run.report.outcomes) {
    if (outcome.failure.empty()) continue;
    std::fprintf(stderr, "%s: rule '%s', %s: %s\n", ToString(outcome.at).c_str(),
                 Printable(outcome.rule).c_str(), Printable(outcome.name).c_str(),
                 outcome.failure.c_str());
  }
  if (options.coverage) {
    for (const std::string& rule : run.untested) {
      std::printf("not seen to match: %s\n", Printable(rule).c_str());
    }
  }
  if (!options.junit_file.empty()) {
    std::ofstream file(options.junit_file);
    file << ruleset::ToJUnit(run.report, diagnostics) << std::flush;
    if (!file) {
      std::fprintf(stderr, "nezuban: can't write %s\n", Printable(options.junit_file).c_str());
      return 1;
    }
  }
  const std::size_t failed = run.report.failed();
  std::printf("%zu events: %zu as expected, %zu not\n", run.report.outcomes.size(),
              run.report.outcomes.size() - failed, failed);
  const bool uncovered = options.coverage && !run.untested.empty();
  return diagnostics.has_errors() || failed > 0 || uncovered ? 1 : 0;
}

void AddLive(CLI::App& command, RulesOptions& options, const char* what) {
  command.add_flag("--live", options.live, what);
  AddClientOptions(command, options.endpoint);
}

}  // namespace

void AddRulesCommand(CLI::App& app, int* exit_code) {
  const auto options = std::make_shared<RulesOptions>();
  CLI::App* rules = app.add_subcommand("rules", "Check, list and test rules");
  rules->require_subcommand(1);
  const auto add = [&](const char* name, const char* what, int (*run)(const RulesOptions&)) {
    CLI::App* command = rules->add_subcommand(name, what);
    if (run != PrintSchema && run != Reload) {
      command->add_option("path", options->paths, "Rule files and directories")
          ->required(run != ListRules);
    }
    command->callback([options, exit_code, run] { *exit_code = run(*options); });
    return command;
  };
  CLI::App* check = add("check", "Compile; report every problem as file:line:column", CheckRules);
  check->add_flag("--json", options->json, "One JSON object a line for each problem");
  CLI::Option* dump =
      check->add_flag("--dump", options->dump, "Print the compiled programs and what starts them");
  AddLive(*check, *options, "Have a running monitor compile them, without loading them");
  dump->excludes("--live");
  check->add_flag("--strict", options->strict, "Warn of macros and lists that nothing uses, too");
  check->add_flag("-W,--warnings-are-errors", options->warnings_are_errors,
                  "Exit with 1 after a warning");
  CLI::App* list = add("list", "Rules with priority, events and tags", ListRules);
  list->add_flag("--json", options->json, "One JSON object a line for each rule");
  AddLive(*list, *options, "Those that a running monitor has loaded, with the alerts they gave");
  list->add_flag("--mitre", options->mitre, "A table of the techniques the rules are about")
      ->excludes("--live");
  list->add_option("--rule-selection", options->selection, "As the daemon's: disable.rule=NAME, …")
      ->type_name("SELECTION")
      ->expected(1, -1)
      ->allow_extra_args(false);
  CLI::App* reload = add("reload", "Have a running monitor load its rules again", Reload);
  AddClientOptions(*reload, options->endpoint);
  reload->add_flag("--json", options->json, "One JSON object a line for each problem");
  add("schema", "JSON Schema of rule files, for editors", PrintSchema);
  CLI::App* test = add("test", "Run the *.test.yaml beside the rules", TestRules);
  test->add_option("--junit", options->junit_file, "Write the outcomes there, as JUnit XML")
      ->type_name("FILE");
  test->add_flag("--coverage", options->coverage, "Fail if a rule was never seen to match");
  AddExplainCommand(*rules, exit_code);
}

}  // namespace nezuban::cli
