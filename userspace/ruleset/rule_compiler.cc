// SPDX-License-Identifier: Apache-2.0
#include "ruleset/rule_compiler.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "base/text.h"
#include "ruleset/oddities.h"

namespace nezuban::ruleset {
namespace {

void WarnAboutEvents(const RuleSpec& spec, const filter::Expr& expr, const filter::Program& program,
                     std::vector<Diagnostic>& problems) {
  const auto warn = [&](const std::string& message, std::string hint = {}) {
    problems.push_back({Severity::kWarning, spec.condition.Start(),
                        "rule '" + spec.name.text + "' " + message, std::move(hint)});
  };
  if (ExcludesAllEvents(expr)) {
    warn("can never match: what it asks of evt.type excludes every event");
  } else if (program.events().none()) {
    warn("can never match: no event it asks for is captured");
  } else if (program.events() == filter::AllEventNames() && spec.warn_evttypes) {
    warn("is asked of every event", "start the condition with evt.type");
  }
}

// What skip-if-unknown-filter turns into a warning.
bool IsUnknownName(const Diagnostic& problem) {
  return problem.message.starts_with("unknown field") ||
         problem.message.starts_with("unknown event") ||
         problem.message.find("no event has a parameter") != std::string::npos;
}

void Report(const RuleSpec& spec, std::vector<Diagnostic> problems, Reporter& reporter) {
  const auto errors = [](const Diagnostic& d) { return d.severity == Severity::kError; };
  const bool skip =
      spec.skip_if_unknown_filter && std::ranges::all_of(problems, [&](const Diagnostic& d) {
        return !errors(d) || IsUnknownName(d);
      });
  for (Diagnostic& problem : problems) {
    if (skip && errors(problem)) {
      problem.severity = Severity::kWarning;
      problem.message += "; rule '" + spec.name.text + "' is skipped";
    }
    reporter.Add(std::move(problem));
  }
}

std::optional<OutputFormat> ParseOutput(const RuleSpec& spec, const StaticFields& statics,
                                        std::vector<Diagnostic>& problems) {
  const std::string_view format = Trim(spec.output.text);
  const auto blanks = static_cast<std::size_t>(format.data() - spec.output.text.data());
  std::vector<filter::Problem> found;
  auto output = OutputFormat::Parse(format, statics, found);
  for (const filter::Problem& problem : found) {
    const bool unknown = problem.message.starts_with("unknown field");
    problems.push_back({problem.severity, spec.output.At(problem.at + blanks),
                        unknown ? problem.message + " in the output" : "output: " + problem.message,
                        problem.hint});
  }
  return output;
}

}  // namespace

void Reporter::Add(Diagnostic problem) {
  if (told_.insert(ToString(problem)).second) diagnostics_.Add(std::move(problem));
}

std::optional<Rule> CompileRule(const RuleSpec& spec, const CompileContext& context) {
  std::vector<Diagnostic> problems;
  auto expr = context.resolver.Condition(spec, problems);
  auto output = ParseOutput(spec, context.options.static_fields, problems);
  auto after = CompileAfter(spec.after, problems);
  auto count = CompileCount(spec.count, problems);
  std::optional<filter::Program> program;
  if (expr && output) {
    std::vector<filter::Problem> late;
    program = filter::Compile(*expr, late, context.pool);
    for (const filter::Problem& problem : late) {
      if (program || problem.severity != Severity::kError) continue;  // told by Check before
      problems.push_back({problem.severity, spec.condition.Start(), problem.message, problem.hint});
    }
  }
  if (program) WarnAboutEvents(spec, *expr, *program, problems);
  Report(spec, std::move(problems), context.reporter);
  if (!program) return std::nullopt;
  context.extras.AddTo(spec, *output);
  Rule rule{spec.name.text,
            spec.desc.text,
            spec.priority,
            spec.source,
            spec.enabled,
            spec.tags,
            spec.name.Start(),
            ToString(*expr),
            std::move(*program),
            std::move(*output),
            HashText(spec.name.text),
            nullptr};
  rule.alerts = spec.alert;
  rule.after = std::move(after);
  rule.count = std::move(count);
  if (context.options.keep_trees)
    rule.tree = std::make_shared<const filter::Expr>(*std::move(expr));
  return rule;
}

}  // namespace nezuban::ruleset
