// SPDX-License-Identifier: Apache-2.0
#include "cli/explain_command.h"

#include <CLI/CLI.hpp>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "alert/json.h"
#include "base/text.h"
#include "daemon/config.h"
#include "daemon/explain.h"
#include "ruleset/files.h"
#include "ruleset/rule_test.h"

namespace nezuban::cli {
namespace {

struct ExplainOptions {
  std::vector<std::string> paths;
  std::string rule;
  std::string recording;
  std::uint64_t event = 0;
  std::string event_file;
  bool json = false;
};

int Complain(const std::string& message) {
  std::fprintf(stderr, "nezuban: %s\n", Printable(message).c_str());
  return 1;
}

int UnknownRule(const ruleset::Ruleset& rules, const std::string& name) {
  std::vector<std::string_view> names;
  for (const ruleset::Rule& rule : rules.rules()) names.push_back(rule.name);
  const std::string hint = NearestHint(name, names);
  return Complain("no rule '" + name + "'" + (hint.empty() ? "" : ", " + hint));
}

std::string Answer(const ruleset::Explanation& explanation) {
  static constexpr const char* kAnswers[] = {"does not match", "possibly matches", "matches"};
  return kAnswers[static_cast<std::size_t>(explanation.root.truth)];
}

void Print(const ExplainOptions& options, const std::string& what,
           const ruleset::Explanation& explanation) {
  if (options.json) {
    std::printf("%s\n", ToJson(explanation).c_str());
    return;
  }
  std::printf("Rule '%s' %s %s.\n\n%s", Printable(options.rule).c_str(),
              Answer(explanation).c_str(), Printable(what).c_str(), ToText(explanation).c_str());
}

int ExplainFile(const ExplainOptions& options, const ruleset::Rule& rule) {
  Diagnostics diagnostics;
  fields::FieldMap event;
  const auto text = ruleset::ReadFile(options.event_file, diagnostics);
  const bool good = text && ruleset::ReadEventText(*text, options.event_file, event, diagnostics);
  std::fputs(diagnostics.ToString().c_str(), stderr);
  if (!good) return 1;
  fields::Arena arena;
  const auto explanation =
      ruleset::Explainer(*rule.tree).Explain(event.source(), event.source(), arena);
  if (rule.correlates() && !options.json) {
    std::fprintf(stderr, "nezuban: by one event, what came before it is not known\n");
  }
  Print(options, "the event in " + options.event_file, explanation);
  return 0;
}

int ExplainRecording(const ExplainOptions& options, const ruleset::Ruleset& rules,
                     const ruleset::Rule& rule) {
  auto reader = recording::Reader::Open(options.recording);
  if (!reader) return Complain(reader.error().message);
  const auto redactor = Redactor::Make();
  const daemon::ExplainedRecording found =
      daemon::ExplainRecording(*reader, rules, rule, options.event, **redactor);
  if (!found.damage.empty()) Complain(options.recording + ": " + found.damage);
  std::string matches;
  for (const std::uint64_t number : found.first_matches) matches += " " + std::to_string(number);
  std::fprintf(stderr, "nezuban: %s\n",
               (std::to_string(found.events) + " events; the rule is asked of " +
                std::to_string(found.asked) + " and matches " + std::to_string(found.matches) +
                (rule.correlates() ? ", fires for " + std::to_string(found.fired) : "") +
                (matches.empty() ? "" : ":" + matches) +
                ((rule.correlates() && found.fired > 0 ? found.fired : found.matches) >
                         found.first_matches.size()
                     ? " …"
                     : ""))
                   .c_str());
  if (!found.event) {
    return Complain(options.event != 0 ? "no event " + std::to_string(options.event)
                                       : "no event in it is of a kind the rule is asked of");
  }
  Print(options,
        "event " + std::to_string(found.event->number) + ", " + found.event->what +
            (found.event->asked ? "" : " (of whose kind it is never asked)"),
        found.event->explanation);
  return found.damage.empty() ? 0 : 1;
}

int Explain(const ExplainOptions& options) {
  Diagnostics diagnostics;
  const auto rules = ruleset::Ruleset::Load(daemon::RulesOrDefault(options.paths), diagnostics,
                                            {.keep_trees = true});
  if (rules == nullptr) {
    std::fputs(diagnostics.ToString().c_str(), stderr);
    return 1;
  }
  const ruleset::Rule* rule = rules->FindRule(options.rule);
  if (rule == nullptr) return UnknownRule(*rules, options.rule);
  return options.event_file.empty() ? ExplainRecording(options, *rules, *rule)
                                    : ExplainFile(options, *rule);
}

}  // namespace

void AddExplainCommand(CLI::App& rules, int* exit_code) {
  const auto options = std::make_shared<ExplainOptions>();
  CLI::App* explain =
      rules.add_subcommand("explain", "Why a rule matches an event, or what stood in the way");
  explain->add_option("path", options->paths, "Rule files and directories; default: as for run");
  explain->add_option("--rule", options->rule, "Name of the rule")->type_name("NAME")->required();
  auto* source = explain->add_option_group("event")->require_option(1);
  CLI::Option* recording =
      source->add_option("--recording", options->recording, "A recording")->type_name("FILE");
  source
      ->add_option("--event-file", options->event_file,
                   "An event as a map of fields, YAML or JSON, as in rule tests")
      ->type_name("FILE");
  explain
      ->add_option("--event", options->event,
                   "Number of an event of the recording; else the first match or nearest miss")
      ->type_name("N")
      ->needs(recording);
  explain->add_flag("--json", options->json, "The tree as one JSON object");
  explain->callback([options, exit_code] { *exit_code = Explain(*options); });
}

}  // namespace nezuban::cli
