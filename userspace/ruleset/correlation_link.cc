// SPDX-License-Identifier: Apache-2.0
// How rules that come after others find them.
#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "base/text.h"
#include "fields/fields.h"
#include "ruleset/correlation.h"
#include "ruleset/ruleset.h"

namespace nezuban::ruleset {
namespace {

constexpr std::uint32_t kNoRule = UINT32_MAX;
// A rule comes after no more than these, one after the other.
constexpr std::size_t kLongestChain = 16;

std::string Quoted(const Rule& rule) { return "rule '" + rule.name + "'"; }

std::string Names(std::span<const fields::FieldRef> fields) {
  std::string names;
  for (const fields::FieldRef& field : fields) names += fields::ToString(field) + ",";
  return names;
}

class Linker {
 public:
  Linker(const RuleBook& book, std::vector<Rule>& rules, Diagnostics& diagnostics)
      : book_(book), rules_(rules), diagnostics_(diagnostics) {}

  void Link(alert::Priority least) {
    FindAll();
    for (const Rule& rule : rules_) CheckChain(rule);
    if (diagnostics_.has_errors()) return;
    LeaveOut(least);
    FindAll();
    for (Rule& rule : rules_) Identify(rule);
    for (std::uint32_t i = 0; i < rules_.size(); ++i) {
      Rule& rule = rules_[i];
      if (rule.after) rule.after->table = HashText("after " + rule.identity);
      if (rule.count) rule.count->table = HashText("count " + rule.identity);
      if (FeederOf(rule) != nullptr) rules_[rule.after->rule].followers.push_back(i);
      WarnOfFields(rule);
    }
  }

 private:
  const Rule* FeederOf(const Rule& rule) const {
    return rule.after && rule.after->rule != kNoRule ? &rules_[rule.after->rule] : nullptr;
  }

  void FindAll() {
    std::map<std::string_view, std::uint32_t> by_name;
    for (std::uint32_t i = 0; i < rules_.size(); ++i) by_name.emplace(rules_[i].name, i);
    for (Rule& rule : rules_) {
      if (!rule.after) continue;
      const auto at = by_name.find(rule.after->name.text);
      rule.after->rule = at == by_name.end() ? kNoRule : at->second;
      if (at == by_name.end() && !told_) TellMissing(rule);
    }
    told_ = true;
  }

  void TellMissing(const Rule& rule) {
    const SourceText& name = rule.after->name;
    if (book_.IsBroken(BrokenItem::Kind::kRule, name.text)) return;
    if (std::ranges::find(book_.rules(), name.text, [](const RuleSpec& spec) {
          return spec.name.text;
        }) != book_.rules().end()) {
      if (diagnostics_.has_errors()) return;  // of that one, most likely
      diagnostics_.Warning(name.Start(), Quoted(rule) + " can never alert: rule '" + name.text +
                                             "', which it comes after, is skipped");
      return;
    }
    std::vector<std::string_view> names;
    for (const Rule& one : rules_) names.push_back(one.name);
    diagnostics_.Error(name.Start(),
                       "no rule '" + name.text + "', which " + Quoted(rule) + " comes after",
                       NearestHint(name.text, names));
  }

  // Each rule comes after one other at most: a cycle is found by going on.
  void CheckChain(const Rule& rule) {
    std::vector<const Rule*> chain = {&rule};
    const Rule* other = FeederOf(rule);
    while (other != nullptr && std::ranges::find(chain, other) == chain.end()) {
      if (chain.size() > kLongestChain) return TellLongChain(rule);
      chain.push_back(other);
      other = FeederOf(*other);
    }
    if (other != &rule) return;  // an end, or the cycle of others
    std::string way;
    for (const Rule* one : chain) way += "'" + one->name + "' after ";
    diagnostics_.Error(rule.after->name.Start(),
                       Quoted(rule) + " waits for itself: " + way + "'" + rule.name + "'");
  }

  void TellLongChain(const Rule& rule) {
    if (std::exchange(told_long_, true)) return;  // of many rules, all but one by its fault
    diagnostics_.Error(rule.after->name.Start(), Quoted(rule) + " comes after more than " +
                                                     std::to_string(kLongestChain) +
                                                     " others, one after the other");
  }

  void LeaveOut(alert::Priority least) {
    std::vector<bool> stays(rules_.size());
    for (std::size_t i = 0; i < rules_.size(); ++i) {
      if (rules_[i].priority > least) continue;  // the most severe is the smallest
      stays[i] = true;
      for (const Rule* feeder = FeederOf(rules_[i]); feeder != nullptr;
           feeder = FeederOf(*feeder)) {
        const auto index = static_cast<std::size_t>(feeder - rules_.data());
        if (rules_[index].priority > least) rules_[index].alerts = false;
        stays[index] = true;
      }
    }
    std::size_t i = 0;
    std::erase_if(rules_, [&](const Rule&) { return !stays[i++]; });
  }

  // All that decides when it fires: what is remembered for a rule outlives a reload if this stays.
  // Of the rule it comes after, a hash of the same.
  void Identify(Rule& rule) {
    if (!rule.identity.empty()) return;
    std::string text = rule.name + "\n" + rule.condition;
    if (FeederOf(rule) != nullptr) {
      Rule& feeder = rules_[rule.after->rule];
      Identify(feeder);  // no deeper than kLongestChain
      text += "\nafter " + std::to_string(HashText(feeder.identity)) + "\nwithin " +
              std::to_string(rule.after->within_ns) + " same " + Names(rule.after->same);
    }
    if (rule.count) {
      text += "\ncount " + std::to_string(rule.count->rule.at_least) + " within " +
              std::to_string(rule.count->rule.within_ns) + " by " + Names(rule.count->by);
      if (rule.count->distinct) text += " distinct " + fields::ToString(*rule.count->distinct);
    }
    rule.identity = std::move(text);
  }

  void WarnOfFields(const Rule& rule) {
    if (rule.after) {
      const Rule* feeder = FeederOf(rule);
      for (const fields::FieldRef& field : rule.after->same) {
        WarnOfField(rule, rule, field);
        if (feeder != nullptr) WarnOfField(rule, *feeder, field);
      }
    }
    if (rule.count && rule.count->distinct) WarnOfField(rule, rule, *rule.count->distinct);
  }

  // A field that no event of `asked` can have.
  void WarnOfField(const Rule& rule, const Rule& asked, const fields::FieldRef& field) {
    const std::uint64_t events = field.def->events;
    const bool never = field.def->get == nullptr ||
                       (events != 0 && (fields::EventTypes(events) & asked.program.Types()).none());
    if (!never) return;
    diagnostics_.Warning(rule.position, Quoted(rule) + " can never alert: no event of " +
                                            (&rule == &asked ? "it" : Quoted(asked)) + " has " +
                                            fields::ToString(field));
  }

  const RuleBook& book_;
  std::vector<Rule>& rules_;
  Diagnostics& diagnostics_;
  bool told_ = false;
  bool told_long_ = false;
};

}  // namespace

void LinkRules(const RuleBook& book, alert::Priority least, std::vector<Rule>& rules,
               Diagnostics& diagnostics) {
  Linker(book, rules, diagnostics).Link(least);
}

void WarnOfDeadEnds(std::span<const Rule> rules, Diagnostics& diagnostics) {
  for (const Rule& rule : rules) {
    if (!rule.enabled) continue;
    const bool fed = !rule.after || rule.after->rule == kNoRule || rules[rule.after->rule].enabled;
    if (!fed) {
      diagnostics.Warning(rule.after->name.Start(),
                          Quoted(rule) + " can never alert: " + Quoted(rules[rule.after->rule]) +
                              ", which it comes after, is disabled");
    }
    const bool feeds = std::ranges::any_of(
        rule.followers, [&](std::uint32_t follower) { return rules[follower].enabled; });
    if (!rule.alerts && !feeds) {
      diagnostics.Warning(rule.position, Quoted(rule) +
                                             " is silent, and no rule that is enabled "
                                             "comes after it");
    }
  }
}

}  // namespace nezuban::ruleset
