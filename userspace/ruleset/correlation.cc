// SPDX-License-Identifier: Apache-2.0
#include "ruleset/correlation.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>
#include <variant>

#include "base/text.h"
#include "fields/convert.h"
#include "fields/fields.h"
#include "filter/parser.h"
#include "filter/term.h"
#include "ruleset/resolve_text.h"
#include "ruleset/ruleset.h"

namespace nezuban::ruleset {
namespace {

std::optional<fields::FieldRef> CompileField(const SourceText& text,
                                             std::vector<Diagnostic>& problems) {
  const auto operand = filter::ParseOperand(text.text);
  const auto term = operand ? filter::MakeTerm(*operand) : tl::unexpected(operand.error());
  if (!term) {
    problems.push_back(Placed(term.error(), text));
    return std::nullopt;
  }
  if (const auto* field = term->field()) return *field;
  problems.push_back({Severity::kError, text.Start(), "'" + text.text + "' is not a field"});
  return std::nullopt;
}

std::vector<fields::FieldRef> CompileFields(const std::vector<SourceText>& texts,
                                            std::vector<Diagnostic>& problems) {
  std::vector<fields::FieldRef> fields;
  for (const SourceText& text : texts) {
    if (auto field = CompileField(text, problems)) fields.push_back(*std::move(field));
  }
  return fields;
}

bool IsUnknown(const fields::Value& value) {
  return std::holds_alternative<fields::Unknown>(value);
}
bool IsAbsent(const fields::Value& value) { return std::holds_alternative<fields::Absent>(value); }

// The values of the fields in that event, and whether one is absent.
struct Values {
  GroupKey key;
  bool some_absent = false;
  std::vector<std::string> unknown;  // names of the fields that are
};

Values ValuesOf(std::span<const fields::FieldRef> fields, const fields::FieldSource& source) {
  Values values;
  for (const fields::FieldRef& field : fields) {
    const fields::Value value = source.Get(field);
    values.some_absent |= IsAbsent(value);
    if (IsUnknown(value)) values.unknown.push_back(fields::ToString(field));
    values.key.push_back(IsUnknown(value) ? std::nullopt : std::optional(fields::ToString(value)));
  }
  return values;
}

std::vector<Remembered> EarlierOf(const After& after, const Values& same, const Occurrence& match,
                                  const Correlator& correlator) {
  // What is absent is not the same as anything.
  if (same.some_absent) return {};
  return correlator.Recall(after.table, same.key, match.time_ns, after.within_ns);
}

void Append(std::vector<std::string> names, std::vector<std::string>& out) {
  for (std::string& name : names) out.push_back(std::move(name));
}

// Whether the match completes the number of its group.
bool Completes(const Count& count, const Occurrence& match, Correlator& correlator, Fired& fired) {
  Values by = ValuesOf(count.by, match.source);
  std::string value;
  if (count.distinct) {
    const fields::Value distinct = match.source.Get(*count.distinct);
    if (IsAbsent(distinct)) return false;
    // All that are not known may be one and the same: they count as one.
    if (IsUnknown(distinct)) by.unknown.push_back(fields::ToString(*count.distinct));
    value = fields::ToString(distinct);
  }
  const auto completed =
      correlator.Count(count.table, by.key, {match.time_ns, value, match.uncertain}, count.rule);
  if (!completed) return false;
  fired.count = completed->matches;
  Append(std::move(by.unknown), fired.uncertain);
  if (completed->uncertain) fired.uncertain.emplace_back("count");
  return true;
}

}  // namespace

std::optional<After> CompileAfter(const AfterItem& item, std::vector<Diagnostic>& problems) {
  if (item.rule.text.empty()) return std::nullopt;
  return After{item.rule, item.within_ns, CompileFields(item.same, problems)};
}

std::optional<Count> CompileCount(const CountItem& item, std::vector<Diagnostic>& problems) {
  if (item.at_least == 0) return std::nullopt;
  Count count{{item.at_least, item.within_ns, item.distinct.has_value()},
              CompileFields(item.by, problems),
              std::nullopt};
  if (item.distinct) count.distinct = CompileField(*item.distinct, problems);
  return count;
}

std::vector<Remembered> Earlier(const Rule& rule, const Occurrence& match,
                                const Correlator& correlator) {
  return EarlierOf(*rule.after, ValuesOf(rule.after->same, match.source), match, correlator);
}

bool GroupsMayBeCompleted(std::span<const Rule> rules, const Rule& rule,
                          const fields::FieldSource& source) {
  const auto waits = [&](const fields::FieldRef& field) {
    return fields::MayArrive(*field.def) && IsUnknown(source.Get(field));
  };
  if (rule.after && std::ranges::any_of(rule.after->same, waits)) return true;
  if (rule.count && std::ranges::any_of(rule.count->by, waits)) return true;
  if (rule.count && rule.count->distinct && waits(*rule.count->distinct)) return true;
  return std::ranges::any_of(rule.followers, [&](std::uint32_t follower) {
    return std::ranges::any_of(rules[follower].after->same, waits);
  });
}

bool MayComplete(const Count& count, const Occurrence& match, const Correlator& correlator) {
  const GroupKey key = ValuesOf(count.by, match.source).key;
  return correlator.Counted(count.table, key, match.time_ns, count.rule) + 1 >= count.rule.at_least;
}

std::optional<Fired> Decide(const Rule& rule, const Occurrence& match, Correlator& correlator) {
  Fired fired;
  if (rule.after) {
    Values same = ValuesOf(rule.after->same, match.source);
    fired.related = EarlierOf(*rule.after, same, match, correlator);
    if (fired.related.empty()) return std::nullopt;
    Append(std::move(same.unknown), fired.uncertain);
  }
  if (rule.count && !Completes(*rule.count, match, correlator, fired)) return std::nullopt;
  return fired;
}

void Feed(std::span<const Rule> rules, const Rule& rule, const Occurrence& match,
          const std::string& id, Correlator& correlator) {
  for (const std::uint32_t index : rule.followers) {
    const After& after = *rules[index].after;
    const Values same = ValuesOf(after.same, match.source);
    if (same.some_absent) continue;
    correlator.Remember(after.table, same.key, {match.time_ns, id, match.uncertain},
                        after.within_ns);
  }
}

namespace {

std::string Seconds(std::uint64_t ns) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.3f s", static_cast<double>(ns) / 1e9);
  return text.data();
}

// " with container.id = 3ad7b26ded6d", what is not known as "?".
std::string Shown(std::string_view word, std::span<const fields::FieldRef> fields,
                  const fields::FieldSource& source) {
  std::string text;
  for (const fields::FieldRef& field : fields) {
    const fields::Value value = source.Get(field);
    text += text.empty() ? std::string(word) : ", ";
    text += fields::ToString(field) + " = ";
    text += IsUnknown(value) ? "?" : Printable(fields::ToString(value));
  }
  return text;
}

std::string DescribeAfter(std::span<const Rule> rules, const Rule& rule, const Occurrence& match,
                          const Correlator& correlator) {
  const After& after = *rule.after;
  std::string text = "after '" + Printable(after.name.text) + "' within " +
                     Seconds(after.within_ns) + Shown(" with the same ", after.same, match.source);
  if (after.rule < rules.size() && !rules[after.rule].enabled) text += ", which is disabled";
  const std::vector<Remembered> earlier = Earlier(rule, match, correlator);
  if (earlier.empty()) return text + ": no";
  return text + ": yes, " + Seconds(match.time_ns - earlier[0].time_ns) + " before";
}

}  // namespace

std::vector<std::string> DescribeCorrelation(std::span<const Rule> rules, const Rule& rule,
                                             const Occurrence& match,
                                             const Correlator& correlator) {
  std::vector<std::string> lines;
  if (rule.after) lines.push_back(DescribeAfter(rules, rule, match, correlator));
  if (rule.count) {
    const Values by = ValuesOf(rule.count->by, match.source);
    const std::uint64_t counted =
        correlator.Counted(rule.count->table, by.key, match.time_ns, rule.count->rule);
    lines.push_back("count: before this one " + std::to_string(counted) + " of " +
                    std::to_string(rule.count->rule.at_least) + " within " +
                    Seconds(rule.count->rule.within_ns) +
                    (rule.count->distinct
                         ? ", by different " + fields::ToString(*rule.count->distinct)
                         : std::string()) +
                    Shown(" for ", rule.count->by, match.source));
  }
  return lines;
}

}  // namespace nezuban::ruleset
