// SPDX-License-Identifier: Apache-2.0
#include "ruleset/ruleset.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <set>
#include <utility>

#include "base/text.h"
#include "fields/fields.h"
#include "filter/compile.h"
#include "ruleset/files.h"
#include "ruleset/oddities.h"
#include "ruleset/output_extra.h"
#include "ruleset/resolve.h"

namespace nezuban::ruleset {
namespace {

// FNV-1a.
std::uint64_t Hash(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (char c : text) hash = (hash ^ static_cast<std::uint8_t>(c)) * 0x100000001b3U;
  return hash;
}

std::string Hex(std::uint64_t number) {
  std::array<char, 20> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), number, 16);
  return std::string(text.data(), end.ptr);
}

// Names of files and their places do not count: only what they say, in order.
std::string VersionOf(std::span<const Ruleset::File> files) {
  std::string all;
  for (const Ruleset::File& file : files) all += std::to_string(file.text.size()) + ":" + file.text;
  const std::string digits = Hex(Hash(all));
  return std::string(16 - digits.size(), '0') + digits;
}

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

// Adds what was not told before: rules that use one macro all have its problems.
class Reporter {
 public:
  explicit Reporter(Diagnostics& diagnostics) : diagnostics_(diagnostics) {}
  void Add(Diagnostic problem) {
    if (told_.insert(ToString(problem)).second) diagnostics_.Add(std::move(problem));
  }

 private:
  Diagnostics& diagnostics_;
  std::set<std::string> told_;
};

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

// What all rules of a loading share.
struct CompileContext {
  Resolver& resolver;
  filter::TestPool& pool;
  const OutputExtras& extras;
  const LoadOptions& options;
  Reporter& reporter;
};

std::optional<Rule> CompileRule(const RuleSpec& spec, const CompileContext& context) {
  std::vector<Diagnostic> problems;
  auto expr = context.resolver.Condition(spec, problems);
  auto output = ParseOutput(spec, context.options.static_fields, problems);
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
  Rule rule{spec.name.text,      spec.desc.text,     spec.priority,        spec.source,
            spec.enabled,        spec.tags,          spec.name.Start(),    ToString(*expr),
            std::move(*program), std::move(*output), Hash(spec.name.text), nullptr};
  if (context.options.keep_trees)
    rule.tree = std::make_shared<const filter::Expr>(*std::move(expr));
  return rule;
}

void AppendAncestors(const state::EnrichedEvent& event, alert::Alert& alert) {
  constexpr std::size_t kMost = 16;
  const state::Process* process = event.process;
  while (process != nullptr && alert.ancestors.size() < kMost) {
    alert.ancestors.push_back(
        {process->key.tgid, process->comm, std::string(process->exe_path.bytes.view())});
    process = event.processes.Parent(*process);
  }
}

void Redact(const Redactor& redactor, std::string& text) {
  if (auto masked = redactor.Redact(text)) text = *std::move(masked);
}

// Arguments are masked one by one where fields take them from; this is for secrets elsewhere.
void Redact(const Redactor& redactor, Output& output) {
  Redact(redactor, output.message);
  for (auto& [name, value] : output.fields) {
    if (auto* text = std::get_if<std::string>(&value)) Redact(redactor, *text);
    auto* list = std::get_if<std::vector<std::string>>(&value);
    if (list == nullptr) continue;
    for (std::string& text : *list) Redact(redactor, text);
  }
}

}  // namespace

NodeIdentity ThisNode() {
  NodeIdentity node;
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) == 0) node.hostname = name.data();
  std::ifstream("/proc/sys/kernel/random/boot_id") >> node.run_id;
  return node;
}

std::shared_ptr<const Ruleset> Ruleset::FromFiles(std::span<const File> files,
                                                  Diagnostics& diagnostics,
                                                  const LoadOptions& options) {
  RuleBook book;
  for (const File& file : files) {
    std::vector<Item> items;
    ParseRuleFile(file.text, file.name, items, diagnostics);
    book.BeginFile(file.name);
    for (Item& item : items) book.Add(std::move(item), diagnostics);
  }
  const std::shared_ptr<Ruleset> ruleset(new Ruleset());
  ruleset->Compile(book, options, diagnostics);
  for (const File& file : files) diagnostics.AttachLines(file.name, file.text);
  if (diagnostics.has_errors()) return nullptr;
  ruleset->version_ = VersionOf(files);
  ruleset->BuildIndex();
  return ruleset;
}

void Ruleset::Compile(const RuleBook& book, const LoadOptions& options, Diagnostics& diagnostics) {
  Resolver resolver(book, diagnostics);
  Reporter reporter(diagnostics);
  filter::TestPool pool;
  const OutputExtras extras(options.append_output, options.static_fields, diagnostics);
  const CompileContext context{resolver, pool, extras, options, reporter};
  for (const RuleSpec& spec : book.rules()) {
    if (spec.source != "syscall") {
      diagnostics.Warning(spec.name.Start(), "rule '" + spec.name.text +
                                                 "' is skipped: no source '" + spec.source + "'");
      resolver.Skip(spec);
      continue;
    }
    auto rule = CompileRule(spec, context);
    if (rule && rule->priority <= options.least) {  // the most severe is the smallest
      rules_.push_back(std::move(*rule));
    }
  }
  resolver.CheckUnused();
  if (diagnostics.has_errors()) return;  // what uses a macro, or a rule to select, may be missing
  if (options.warn_unused) resolver.WarnUnused();
  Select(options.selection, rules_, diagnostics);
}

std::shared_ptr<const Ruleset> Ruleset::Load(std::span<const std::string> paths,
                                             Diagnostics& diagnostics, const LoadOptions& options) {
  const auto is_rule_file = [](std::string_view path) { return !IsTestFile(path); };
  std::vector<File> files;
  for (const std::string& path : ExpandPaths(paths, is_rule_file, diagnostics)) {
    if (auto text = ReadFile(path, diagnostics)) files.push_back({path, std::move(*text)});
  }
  if (files.empty() && !diagnostics.has_errors()) {
    diagnostics.Error({paths.empty() ? std::string() : paths[0]}, "no rule files");
  }
  return FromFiles(files, diagnostics, options);
}

void Ruleset::BuildIndex() {
  std::vector<const filter::Program*> programs;
  for (const Rule& rule : rules_) {
    programs.push_back(rule.enabled ? &rule.program : nullptr);
    if (rule.enabled) event_types_ |= rule.program.Types();
  }
  network_.emplace(programs);
}

std::string Ruleset::DumpNetwork() const {
  std::vector<std::string> names;
  for (const Rule& rule : rules_) names.push_back(Printable(rule.name));
  return network_->Dump(names);
}

void Ruleset::Match(const state::EnrichedEvent& event, Matching& matching,
                    const AlertHandler& handler, const WaitHandler* wait) const {
  const record_header& header = event.event.header();
  const fields::FieldContext context{event, matching.arena_, matching.node_.hostname};
  const fields::FieldSource source(context);
  matching.arena_.Reset();
  const auto answers = network_->Match(filter::EventNameBit(header.type, header.variant), source,
                                       matching.arena_, matching.scratch_, matching.which_);
  for (const auto& [index, answer] : answers) {
    Settle(index, answer, event, source, matching, handler, wait);
  }
}

void Ruleset::Ask(std::uint32_t index, const state::EnrichedEvent& event, Matching& matching,
                  const AlertHandler& handler, const WaitHandler* wait) const {
  const fields::FieldContext context{event, matching.arena_, matching.node_.hostname};
  const fields::FieldSource source(context);
  matching.arena_.Reset();
  const filter::Answer answer = rules_[index].program.Run(source, matching.arena_);
  if (answer == filter::Answer::kNo) return;
  Settle(index, answer, event, source, matching, handler, wait);
}

// What becomes of a rule that matches, or possibly does.
void Ruleset::Settle(std::uint32_t index, filter::Answer answer, const state::EnrichedEvent& event,
                     const fields::FieldSource& source, Matching& matching,
                     const AlertHandler& handler, const WaitHandler* wait) const {
  const Rule& rule = rules_[index];
  if (wait != nullptr) {
    // A certain alert waits too if it could not say where it happened.
    const bool waits = answer == filter::Answer::kPossible
                           ? rule.program.MayBeSettled(source, matching.arena_)
                           : event.container == nullptr || event.origin == nullptr;
    if (waits) return (*wait)(index);
  }
  if (matching.alerts_by_rule_.size() < rules_.size()) {
    matching.alerts_by_rule_.resize(rules_.size());
  }
  ++matching.alerts_by_rule_[index];
  handler(MakeAlert(rule, answer, event, source, matching));
}

filter::Answer Ruleset::Ask(const Rule& rule, const fields::FieldSource& source,
                            fields::Arena& arena) const {
  arena.Reset();
  return rule.program.Run(source, arena);
}

std::size_t Ruleset::enabled_count() const {
  return static_cast<std::size_t>(std::ranges::count_if(rules_, &Rule::enabled));
}

const Rule* Ruleset::FindRule(std::string_view name) const {
  const auto at = std::ranges::find(rules_, name, &Rule::name);
  return at == rules_.end() ? nullptr : &*at;
}

alert::Alert Ruleset::MakeAlert(const Rule& rule, filter::Answer answer,
                                const state::EnrichedEvent& event,
                                const fields::FieldSource& source, Matching& matching) const {
  const record_header& header = event.event.header();
  const Redactor* redactor = matching.redactor_.get();
  const fields::FieldContext shown{event, matching.arena_, matching.node_.hostname, redactor};
  Output output = rule.output.Fill(fields::FieldSource(shown), matching.arena_);
  if (redactor != nullptr) Redact(*redactor, output);
  alert::Alert alert;
  // The time, because a monitor started again in the same boot numbers from 0 again.
  alert.id = matching.node_.run_id + "." + std::to_string(header.lane) + "." +
             std::to_string(header.cpu) + "." + std::to_string(header.seq) + "." +
             Hex(header.time_ns) + "." + Hex(rule.name_hash);
  alert.time_ns = static_cast<std::int64_t>(header.time_ns) + event.wall_offset_ns;
  alert.rule = rule.name;
  alert.priority = rule.priority;
  alert.source = rule.source;
  alert.message = std::move(output.message);
  alert.fields = std::move(output.fields);
  alert.tags = rule.tags;
  alert.hostname = matching.node_.hostname;
  alert.event_type = event.event.name();
  alert.container_known = event.container != nullptr;
  alert.origin_known = event.origin != nullptr;
  if (event.container != nullptr) {
    alert.container_id = event.container->full_id;
    alert.container_runtime = event.container->runtime;
  }
  if (event.origin != nullptr) alert.origin = event.origin->full_id;
  alert.pid = header.tgid;
  AppendAncestors(event, alert);
  if (answer == filter::Answer::kPossible) {
    alert.uncertain = rule.program.UncertainFields(source, matching.arena_);
  }
  return alert;
}

}  // namespace nezuban::ruleset
