// SPDX-License-Identifier: Apache-2.0
#include "ruleset/rule_test.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>

#include "base/text.h"
#include "fields/field_map.h"
#include "fields/fields.h"
#include "filter/constant.h"
#include "filter/parser.h"
#include "filter/term.h"
#include "ruleset/files.h"
#include "ruleset/yaml.h"

namespace nezuban::ruleset {
namespace {

using fields::FieldDef;
using fields::Type;
using fields::Value;

// A value as the field's type reads it; the text it refers to is the node's.
std::optional<Value> ToValue(const fields::FieldRef& ref, const YamlNode& node,
                             Diagnostics& diagnostics) {
  const FieldDef& def = *ref.def;
  if (node.is_null()) return Value(fields::Unknown{});
  if (!node.is_scalar()) {
    diagnostics.Error(node.at(), "a value of " + std::string(def.name) + " must be a text");
    return std::nullopt;
  }
  // A field compared with networks holds an address, one compared with a distance a number.
  Type type = fields::TypeOf(ref);
  if (type == Type::kNet) type = Type::kIp;
  if (type == Type::kNear) type = Type::kInt;
  const auto constant = filter::ToConstant(type, node.text());
  if (!constant) {
    diagnostics.Error(node.at(), constant.error() + ", which " + std::string(def.name) + " is");
    return std::nullopt;
  }
  if (std::holds_alternative<std::string>(*constant)) return Value(std::string_view(node.text()));
  if (const auto* flag = std::get_if<bool>(&*constant)) return Value(*flag);
  if (const auto* number = std::get_if<std::int64_t>(&*constant)) return Value(*number);
  return Value(std::get<fields::IpAddress>(*constant));
}

bool SetField(fields::FieldMap& map, const YamlNode& key, const YamlNode& node,
              Diagnostics& diagnostics) {
  const auto operand = filter::ParseOperand(key.text());
  const auto term = operand ? filter::MakeTerm(*operand) : tl::unexpected(operand.error());
  if (!term || term->field() == nullptr) {
    diagnostics.Error(key.at(), term ? "'" + key.text() + "' is not a field" : term.error().message,
                      term ? "" : term.error().hint);
    return false;
  }
  const fields::FieldRef& ref = *term->field();
  if (!node.is_sequence()) {
    const auto value = ToValue(ref, node, diagnostics);
    if (value) map.Set(ref, *value);
    return value.has_value();
  }
  std::vector<Value> values;
  for (const YamlNode& item : node.items) {
    const auto value = ToValue(ref, item, diagnostics);
    if (!value) return false;
    values.push_back(*value);
  }
  map.SetList(ref, values);
  return true;
}

bool ReadEvent(const YamlNode& node, fields::FieldMap& map, Diagnostics& diagnostics) {
  if (!node.is_map()) {
    diagnostics.Error(node.at(), "an event must be a map of fields");
    return false;
  }
  bool good = true;
  for (const auto& [key, value] : node.entries) good &= SetField(map, key, value, diagnostics);
  map.Derive();
  return good;
}

// Whether the daemon would ask the rule of that event at all.
bool IsIndexed(const Rule& rule, const YamlNode& event) {
  const YamlNode* type = event.Find("evt.type");
  if (type == nullptr) return true;
  const auto name = event::FindEvent(type->text());
  return !name || rule.program.events()[filter::EventNameBit(name->type, name->variant)];
}

class TestFileRunner {
 public:
  TestFileRunner(const Ruleset& ruleset, std::string_view file, const RecordingRunner& replay,
                 TestReport& report, Diagnostics& diagnostics)
      : ruleset_(ruleset),
        directory_(std::filesystem::path(file).parent_path()),
        replay_(replay),
        report_(report),
        diagnostics_(diagnostics) {}

  void RunTest(const YamlNode& test) {
    if (!test.is_map()) {
      diagnostics_.Error(test.at(), "a test must be a map with rule, match and no_match");
      return;
    }
    CheckKeys(test);
    const YamlNode* name = test.Find("rule");
    const Rule* rule = name != nullptr ? ruleset_.FindRule(name->text()) : nullptr;
    if (rule == nullptr) {
      std::vector<std::string_view> names;
      for (const Rule& one : ruleset_.rules()) names.push_back(one.name);
      diagnostics_.Error(name != nullptr ? name->at() : test.at(),
                         name != nullptr ? "no rule '" + name->text() + "'" : "'rule' is missing",
                         name != nullptr ? NearestHint(name->text(), names) : "");
      return;
    }
    const YamlNode* title = test.Find("name");
    title_ = title != nullptr ? title->text() : "";
    RunEvents(*rule, test.Find("match"), "match", true);
    RunEvents(*rule, test.Find("no_match"), "no_match", false);
    RunSequence(*rule, test);
    RunRecording(*rule, test);
  }

 private:
  void CheckKeys(const YamlNode& test) {
    static constexpr std::string_view kKeys[] = {"rule",      "name",   "match",   "no_match",
                                                 "recording", "alerts", "sequence"};
    for (const auto& [key, value] : test.entries) {
      if (std::ranges::find(kKeys, key.text()) != std::end(kKeys)) continue;
      diagnostics_.Error(key.at(), "unknown key '" + key.text() + "' in a test",
                         NearestHint(key.text(), kKeys));
    }
  }

  void RunEvents(const Rule& rule, const YamlNode* events, const char* kind, bool wanted) {
    if (events == nullptr) return;
    if (!events->is_sequence()) {
      diagnostics_.Error(events->at(), "'" + std::string(kind) + "' must be a sequence of events");
      return;
    }
    int number = 0;
    for (const YamlNode& event : events->items) {
      fields::FieldMap map;
      ++number;
      if (!ReadEvent(event, map, diagnostics_)) continue;
      const bool matches =
          ruleset_.Ask(rule, map.source(), arena_) != filter::Answer::kNo && IsIndexed(rule, event);
      TestOutcome outcome{
          event.at(), rule.name,
          (title_.empty() ? "" : title_ + ": ") + kind + " " + std::to_string(number)};
      if (matches != wanted) outcome.failure = wanted ? "did not match" : "matched";
      if (matches && wanted) report_.matched.insert(rule.name);
      report_.outcomes.push_back(std::move(outcome));
    }
  }

  // The number `alerts` has to be; nullopt with the reason in the diagnostics.
  std::optional<std::uint64_t> Wanted(const YamlNode& alerts) {
    const auto wanted = filter::ToConstant(Type::kInt, alerts.text());
    if (wanted) return static_cast<std::uint64_t>(std::get<std::int64_t>(*wanted));
    diagnostics_.Error(alerts.at(), wanted.error());
    return std::nullopt;
  }

  void Report(const Rule& rule, const YamlNode& at, const std::string& what,
              const Result<std::uint64_t>& count, std::uint64_t wanted) {
    TestOutcome outcome{at.at(), rule.name, (title_.empty() ? "" : title_ + ": ") + what};
    if (!count) {
      outcome.failure = count.error().message;
    } else if (*count != wanted) {
      outcome.failure = "gave " + std::to_string(*count) + " alerts, not " + std::to_string(wanted);
    } else if (*count > 0) {
      report_.matched.insert(rule.name);
    }
    report_.outcomes.push_back(std::move(outcome));
  }

  void RunRecording(const Rule& rule, const YamlNode& test) {
    const YamlNode* file = test.Find("recording");
    const YamlNode* alerts = test.Find("alerts");
    if (file == nullptr && (alerts == nullptr || test.Find("sequence") != nullptr)) return;
    if (file == nullptr || alerts == nullptr || !file->is_scalar() || !alerts->is_scalar()) {
      diagnostics_.Error(test.at(), "'recording' names a file and 'alerts' how many it must give");
      return;
    }
    if (const auto wanted = Wanted(*alerts)) {
      Report(rule, *file, "recording " + file->text(),
             replay_(ruleset_, rule, (directory_ / file->text()).string()), *wanted);
    }
  }

  void RunSequence(const Rule& rule, const YamlNode& test) {
    const YamlNode* events = test.Find("sequence");
    const YamlNode* alerts = test.Find("alerts");
    if (events == nullptr) return;
    if (!events->is_sequence() || alerts == nullptr || !alerts->is_scalar()) {
      diagnostics_.Error(test.at(), "'sequence' has events and 'alerts' how many they must give");
      return;
    }
    const auto wanted = Wanted(*alerts);
    if (!wanted) return;
    Correlator earlier;
    std::uint64_t time_ns = 0;
    std::uint64_t count = 0;
    for (const YamlNode& event : events->items) {
      if (!TakeTime(event, time_ns)) return;
      const auto fired = Happen(rule, event, time_ns, earlier);
      if (!fired) return;
      count += *fired ? 1 : 0;
    }
    Report(rule, *events, "sequence", count, *wanted);
  }

  // `at` of an event, which is no field: from the start of the sequence.
  bool TakeTime(const YamlNode& event, std::uint64_t& time_ns) {
    const YamlNode* at = event.is_map() ? event.Find("at") : nullptr;
    const auto time = ParseDuration(at != nullptr ? at->text() : std::string());
    if (!time || *time < time_ns) {
      diagnostics_.Error(at != nullptr ? at->at() : event.at(),
                         time ? "'at' is earlier than that of the event before"
                              : "each event has its time: 'at': " + time.error().message);
      return false;
    }
    time_ns = *time;
    return true;
  }

  // Asks the rule and those it comes after of an event. Whether it fired; nullopt: a bad event.
  std::optional<bool> Happen(const Rule& rule, const YamlNode& event, std::uint64_t time_ns,
                             Correlator& earlier) {
    YamlNode fields_only = event;
    std::erase_if(fields_only.entries, [](const auto& entry) { return entry.key.text() == "at"; });
    fields::FieldMap map;
    if (!ReadEvent(fields_only, map, diagnostics_)) return std::nullopt;
    const Rule* one = &rule;
    bool fired = false;
    while (true) {
      const filter::Answer answer = ruleset_.Ask(*one, map.source(), arena_);
      if (answer != filter::Answer::kNo && IsIndexed(*one, event)) {
        const fields::FieldSource source = map.source();
        const Occurrence match{time_ns, source, answer == filter::Answer::kPossible};
        const bool fires = Decide(*one, match, earlier).has_value();
        if (fires) Feed(ruleset_.rules(), *one, match, std::to_string(time_ns), earlier);
        fired |= fires && one == &rule;
      }
      if (!one->after || one->after->rule >= ruleset_.rules().size()) return fired;
      one = &ruleset_.rules()[one->after->rule];
    }
  }

  const Ruleset& ruleset_;
  const std::filesystem::path directory_;
  const RecordingRunner& replay_;
  TestReport& report_;
  Diagnostics& diagnostics_;
  fields::Arena arena_;
  std::string title_;
};

}  // namespace

bool ReadEventText(std::string_view text, std::string_view file, fields::FieldMap& event,
                   Diagnostics& diagnostics) {
  const auto documents = ParseYaml(text, file, diagnostics);
  if (!documents) return false;
  if (documents->size() != 1) {
    diagnostics.Error({std::string(file)}, "expected one map of fields");
    return false;
  }
  return ReadEvent(documents->front(), event, diagnostics);
}

std::size_t TestReport::failed() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(outcomes, [](const TestOutcome& o) { return !o.failure.empty(); }));
}

void RunTestFile(const Ruleset& ruleset, std::string_view text, std::string_view file,
                 const RecordingRunner& replay, TestReport& report, Diagnostics& diagnostics) {
  const auto documents = ParseYaml(text, file, diagnostics);
  if (!documents) return;
  TestFileRunner runner(ruleset, file, replay, report, diagnostics);
  for (const YamlNode& document : *documents) {
    if (document.is_null()) continue;
    const YamlNode* tests = document.is_map() ? document.Find("tests") : nullptr;
    if (tests == nullptr || !tests->is_sequence()) {
      diagnostics.Error(document.at(), "a test file is a map with a sequence 'tests'");
      continue;
    }
    for (const YamlNode& test : tests->items) runner.RunTest(test);
  }
}

TestRun RunTests(std::span<const std::string> paths, const RecordingRunner& replay,
                 Diagnostics& diagnostics) {
  // Test files by the directory whose rules they are for.
  std::map<std::string, std::vector<std::string>> directories;
  for (const std::string& path : ExpandPaths(paths, IsTestFile, diagnostics)) {
    std::filesystem::path file(path);
    if (!IsTestFile(path)) file.replace_extension(".test" + file.extension().string());
    std::string directory = file.parent_path().string();
    if (directory.empty()) directory = ".";
    directories[directory].push_back(file.string());
  }
  for (const std::string& path : paths) {
    if (std::filesystem::is_directory(path)) directories.try_emplace(path);
  }
  TestRun run;
  for (const auto& [directory, files] : directories) {
    const std::string rule_paths[] = {directory};
    const auto ruleset = Ruleset::Load(rule_paths, diagnostics);
    if (ruleset == nullptr) continue;
    for (const std::string& file : files) {
      if (const auto text = ReadFile(file, diagnostics)) {
        RunTestFile(*ruleset, *text, file, replay, run.report, diagnostics);
      }
    }
    for (const Rule& rule : ruleset->rules()) {
      if (!run.report.matched.contains(rule.name)) run.untested.push_back(rule.name);
    }
  }
  return run;
}

}  // namespace nezuban::ruleset
