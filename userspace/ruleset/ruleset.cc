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
#include "ruleset/files.h"
#include "ruleset/oddities.h"
#include "ruleset/output_extra.h"
#include "ruleset/place.h"
#include "ruleset/resolve.h"
#include "ruleset/rule_compiler.h"

namespace nezuban::ruleset {
namespace {

std::string Hex(std::uint64_t number) {
  std::array<char, 20> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), number, 16);
  return std::string(text.data(), end.ptr);
}

// Names of files and their places do not count: only what they say, in order.
std::string VersionOf(std::span<const Ruleset::File> files) {
  std::string all;
  for (const Ruleset::File& file : files) all += std::to_string(file.text.size()) + ":" + file.text;
  const std::string digits = Hex(HashText(all));
  return std::string(16 - digits.size(), '0') + digits;
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

void AppendCorrelation(std::span<const Rule> rules, const Rule& rule, const Fired& fired,
                       const state::EnrichedEvent& event, alert::Alert& alert) {
  for (const Remembered& one : fired.related) {
    alert.related.push_back({one.id, rules[rule.after->rule].name,
                             static_cast<std::int64_t>(one.time_ns) + event.wall_offset_ns,
                             one.uncertain});
  }
  alert.count = fired.count;
  if (fired.count > 0) alert.message += " count=" + std::to_string(fired.count);
  for (const std::string& field : fired.uncertain) {
    if (std::ranges::find(alert.uncertain, field) == alert.uncertain.end()) {
      alert.uncertain.push_back(field);
    }
  }
}

std::string AlertId(const Rule& rule, const record_header& header, const std::string& run_id) {
  // The time, because a monitor started again in the same boot numbers from 0 again.
  return run_id + "." + std::to_string(header.lane) + "." + std::to_string(header.cpu) + "." +
         std::to_string(header.seq) + "." + Hex(header.time_ns) + "." + Hex(rule.name_hash);
}

}  // namespace

std::uint64_t HashText(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (char c : text) hash = (hash ^ static_cast<std::uint8_t>(c)) * 0x100000001b3U;
  return hash;
}

void Matching::Reset(const Ruleset& next) {
  alerts_by_rule_.clear();
  counted_ = &next;
  std::set<std::uint64_t> tables;
  for (const Rule& rule : next.rules()) {
    if (rule.after) tables.insert(rule.after->table);
    if (rule.count) tables.insert(rule.count->table);
  }
  earlier_.Keep(tables);
}

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
    if (options.stop && options.stop()) {
      return diagnostics.Error(spec.name.Start(), "given up before this rule: it took too long");
    }
    if (spec.source != "syscall") {
      diagnostics.Warning(spec.name.Start(), "rule '" + spec.name.text +
                                                 "' is skipped: no source '" + spec.source + "'");
      resolver.Skip(spec);
      continue;
    }
    if (auto rule = CompileRule(spec, context)) rules_.push_back(std::move(*rule));
  }
  resolver.CheckUnused();
  LinkRules(book, options.least, rules_, diagnostics);
  if (diagnostics.has_errors()) return;  // what uses a macro, or a rule to select, may be missing
  if (options.warn_unused) resolver.WarnUnused();
  Select(options.selection, rules_, diagnostics);
  WarnOfDeadEnds(rules_, diagnostics);
}

std::shared_ptr<const Ruleset> Ruleset::Load(std::span<const std::string> paths,
                                             Diagnostics& diagnostics, const LoadOptions& options) {
  const auto is_rule_file = [](std::string_view path) { return !IsTestFile(path); };
  std::vector<File> files;
  for (const std::string& path : ExpandPaths(paths, is_rule_file, diagnostics)) {
    if (auto text = ReadFile(path, diagnostics)) files.push_back({path, std::move(*text)});
  }
  if (files.empty() && !diagnostics.has_errors()) {
    diagnostics.Error({paths.empty() ? std::string() : paths[0]}, "no rule files",
                      "expected *.yaml or *.yml right in it: directories below are not searched");
  }
  return FromFiles(files, diagnostics, options);
}

void Ruleset::BuildIndex() {
  std::vector<const filter::Program*> programs;
  for (const Rule& rule : rules_) {
    programs.push_back(rule.enabled ? &rule.program : nullptr);
    if (rule.enabled) event_types_ |= rule.program.Types();
    correlates_ |= rule.enabled && rule.correlates();
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
  // A rule that matches may still fire only after others, or none but its followers hear of it: it
  // is seen below which is the first.
  const bool first_only = matching.which_ == filter::RuleMatching::kFirst;
  const auto which = correlates_ ? filter::RuleMatching::kAll : matching.which_;
  const auto answers = network_->Match(filter::EventNameBit(header.type, header.variant), source,
                                       matching.arena_, matching.scratch_, which);
  bool done = false;
  for (const auto& [index, answer] : answers) {
    // What waits is asked again as if it were alone: once another has the event, only what gives no
    // alert may wait.
    const bool may_wait = !done || !rules_[index].alerts;
    const bool told = Settle({index, answer, event, source}, matching, done ? nullptr : &handler,
                             may_wait ? wait : nullptr);
    done |= first_only && told && answer == filter::Answer::kYes;
  }
}

void Ruleset::Ask(std::uint32_t index, const state::EnrichedEvent& event, Matching& matching,
                  const AlertHandler& handler, const WaitHandler* wait) const {
  const fields::FieldContext context{event, matching.arena_, matching.node_.hostname};
  const fields::FieldSource source(context);
  matching.arena_.Reset();
  const filter::Answer answer = rules_[index].program.Run(source, matching.arena_);
  if (answer == filter::Answer::kNo) return;
  Settle({index, answer, event, source}, matching, &handler, wait);
}

void Ruleset::BeginWait(std::uint32_t rule, Matching& matching) const {
  for (const std::uint32_t follower : rules_[rule].followers) {
    matching.earlier_.BeginWait(rules_[follower].after->table);
  }
}

void Ruleset::EndWait(std::uint32_t rule, Matching& matching) const {
  for (const std::uint32_t follower : rules_[rule].followers) {
    matching.earlier_.EndWait(rules_[follower].after->table);
  }
}

bool Ruleset::MustWait(const Hit& hit, Matching& matching) const {
  const Rule& rule = rules_[hit.rule];
  const Occurrence match{hit.event.event.header().time_ns, hit.source};
  if (rule.after && Earlier(rule, match, matching.earlier_).empty()) {
    // Nothing came before, but something may turn out to have.
    return matching.earlier_.Waits(rule.after->table);
  }
  if (rule.correlates() && GroupsMayBeCompleted(rules_, rule, hit.source)) return true;
  if (hit.answer == filter::Answer::kPossible) {
    return rule.program.MayBeSettled(hit.source, matching.arena_);
  }
  // A certain alert waits too if it could not say where it happened, or what it is to print.
  return rule.alerts && (!rule.count || MayComplete(*rule.count, match, matching.earlier_)) &&
         (PlaceMayBeCompleted(hit.event) || rule.output.MayBeCompleted(hit.source));
}

// What becomes of a rule that matches, or possibly does.
bool Ruleset::Settle(const Hit& hit, Matching& matching, const AlertHandler* handler,
                     const WaitHandler* wait) const {
  const Rule& rule = rules_[hit.rule];
  if (handler == nullptr && rule.followers.empty()) return false;
  if (wait != nullptr && MustWait(hit, matching)) {
    (*wait)(hit.rule);
    return rule.alerts && !rule.after && !rule.count;
  }
  const record_header& header = hit.event.event.header();
  Fired fired;
  std::string id;
  if (rule.correlates()) {
    const Occurrence match{header.time_ns, hit.source, hit.answer == filter::Answer::kPossible};
    auto decided = Decide(rule, match, matching.earlier_);
    if (!decided) return false;
    fired = *std::move(decided);
    id = AlertId(rule, header, matching.node_.run_id);
    Feed(rules_, rule, match, id, matching.earlier_);
    if (!rule.alerts || handler == nullptr) return false;
  } else {
    id = AlertId(rule, header, matching.node_.run_id);
  }
  if (matching.counted_ == nullptr || matching.counted_ == this) {
    matching.alerts_by_rule_.resize(rules_.size());
    ++matching.alerts_by_rule_[hit.rule];
  }
  (*handler)(MakeAlert(hit, fired, std::move(id), matching));
  return true;
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

alert::Alert Ruleset::MakeAlert(const Hit& hit, const Fired& fired, std::string id,
                                Matching& matching) const {
  const Rule& rule = rules_[hit.rule];
  const state::EnrichedEvent& event = hit.event;
  const record_header& header = event.event.header();
  const Redactor* redactor = matching.redactor_.get();
  const fields::FieldContext shown{event, matching.arena_, matching.node_.hostname, redactor};
  Output output = rule.output.Fill(fields::FieldSource(shown), matching.arena_);
  if (redactor != nullptr) Redact(*redactor, output);
  alert::Alert alert;
  alert.id = std::move(id);
  alert.time_ns = static_cast<std::int64_t>(header.time_ns) + event.wall_offset_ns;
  alert.rule = rule.name;
  alert.priority = rule.priority;
  alert.source = rule.source;
  alert.message = std::move(output.message);
  alert.fields = std::move(output.fields);
  alert.tags = rule.tags;
  alert.hostname = matching.node_.hostname;
  alert.event_type = event.event.name();
  alert.pid = header.tgid;
  AppendAncestors(event, alert);
  if (hit.answer == filter::Answer::kPossible) {
    alert.uncertain = rule.program.UncertainFields(hit.source, matching.arena_);
  }
  SetPlace(event, alert);
  if (rule.after || rule.count) AppendCorrelation(rules_, rule, fired, event, alert);
  return alert;
}

}  // namespace nezuban::ruleset
