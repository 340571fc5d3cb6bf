// SPDX-License-Identifier: Apache-2.0
#include "ruleset/oddities.h"

#include <algorithm>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace nezuban::ruleset {
namespace {

using filter::And;
using filter::Comparison;
using filter::Expr;
using filter::FieldName;
using filter::Literal;
using filter::Not;
using filter::Or;

const FieldName* FieldOf(const Comparison& comparison) {
  return std::get_if<FieldName>(&comparison.left);
}

bool IsEquality(const Comparison& comparison) {
  return comparison.op == "=" || comparison.op == "==" || comparison.op == "in";
}

// Values that a field never has, and why. The kernel's names of tasks have 15 bytes; fields that
// have no value are absent, which equals nothing, unless their getter gives the text <NA>.
struct Oddity {
  bool in_lists;  // whether it is one there too: lists are shared by fields of several kinds
  bool (*is_such)(const FieldName& field, std::string_view value);
  std::string_view why;
  std::string_view hint;
};

constexpr std::string_view kTaskNames[] = {"proc.name", "proc.pname", "proc.aname"};
constexpr std::string_view kGiveNoneAsText[] = {"fd.type",      "fd.typechar", "fd.l4proto",
                                                "user.name",    "group.name",  "user.loginname",
                                                "user.homedir", "user.shell",  "fd.name"};
constexpr std::size_t kTaskNameBytes = 15;

constexpr Oddity kOddities[] = {
    {false,
     [](const FieldName& field, std::string_view value) {
       return value.size() > kTaskNameBytes &&
              std::ranges::find(kTaskNames, field.name) != std::end(kTaskNames);
     },
     "can't be the name of a process: the kernel keeps 15 bytes", "compare with its first 15"},
    {false,
     [](const FieldName& field, std::string_view value) {
       return value == "<NA>" &&
              std::ranges::find(kGiveNoneAsText, field.name) == std::end(kGiveNoneAsText);
     },
     "is how a missing value is printed, and equals nothing", "write not … exists"},
    {true,
     [](const FieldName& field, std::string_view value) {
       return field.name == "evt.dir" && value == ">";
     },
     "never comes: events are told at their end", ""},
};

void CheckComparison(const Comparison& comparison, std::vector<filter::Problem>& problems) {
  const FieldName* field = FieldOf(comparison);
  if (field == nullptr || !IsEquality(comparison)) return;
  for (const filter::Operand& operand : comparison.right) {
    const auto* literal = std::get_if<Literal>(&operand);
    if (literal == nullptr) continue;
    for (const Oddity& oddity : kOddities) {
      if (comparison.is_list && !oddity.in_lists) continue;
      if (!oddity.is_such(*field, literal->text)) continue;
      problems.push_back({Severity::kWarning, literal->at,
                          "'" + literal->text + "' " + std::string(oddity.why),
                          std::string(oddity.hint)});
    }
  }
}

// A set of event names, or of all but some.
struct Events {
  bool all_but = true;
  std::set<std::string_view> names;

  bool none() const { return !all_but && names.empty(); }
};

Events Complement(Events events) {
  events.all_but = !events.all_but;
  return events;
}

Events Both(Events a, const Events& b) {
  if (a.all_but && !b.all_but) return Both(b, a);
  if (a.all_but) {  // both are
    a.names.insert(b.names.begin(), b.names.end());
    return a;
  }
  std::erase_if(a.names,
                [&](std::string_view name) { return b.names.contains(name) == b.all_but; });
  return a;
}

Events Either(Events a, Events b) {
  return Complement(Both(Complement(std::move(a)), Complement(std::move(b))));
}

Events EventsOf(const Comparison& comparison, bool negated) {
  const FieldName* field = FieldOf(comparison);
  const bool differs = comparison.op == "!=";
  const bool literals = std::ranges::all_of(
      comparison.right, [](const auto& o) { return std::holds_alternative<Literal>(o); });
  if (field == nullptr || field->name != "evt.type" || !literals ||
      comparison.modifier != filter::Modifier::kNone || !(IsEquality(comparison) || differs)) {
    return {};
  }
  Events events{.all_but = differs != negated};
  for (const auto& operand : comparison.right) events.names.insert(std::get<Literal>(operand).text);
  return events;
}

// The events on which `expr`, or its negation, may be true.
Events EventsOf(const Expr& expr, bool negated) {
  if (const auto* comparison = std::get_if<Comparison>(&expr.node)) {
    return EventsOf(*comparison, negated);
  }
  if (const auto* negation = std::get_if<Not>(&expr.node)) {
    return EventsOf(*negation->child, !negated);
  }
  const auto* all = std::get_if<And>(&expr.node);
  const auto* any = std::get_if<Or>(&expr.node);
  if (all == nullptr && any == nullptr) return {};
  const auto& children = all != nullptr ? all->children : any->children;
  const bool conjunction = (all != nullptr) != negated;
  Events events{.all_but = conjunction};
  for (const Expr& child : children) {
    Events one = EventsOf(child, negated);
    events = conjunction ? Both(std::move(events), one) : Either(std::move(events), std::move(one));
  }
  return events;
}

}  // namespace

void WarnOfOddities(const Expr& expr, std::vector<filter::Problem>& problems) {
  if (const auto* comparison = std::get_if<Comparison>(&expr.node)) {
    CheckComparison(*comparison, problems);
  } else if (const auto* negation = std::get_if<Not>(&expr.node)) {
    WarnOfOddities(*negation->child, problems);
  } else if (const auto* all = std::get_if<And>(&expr.node)) {
    for (const Expr& child : all->children) WarnOfOddities(child, problems);
  } else if (const auto* any = std::get_if<Or>(&expr.node)) {
    for (const Expr& child : any->children) WarnOfOddities(child, problems);
  }
}

bool ExcludesAllEvents(const Expr& expr) { return EventsOf(expr, false).none(); }

}  // namespace nezuban::ruleset
