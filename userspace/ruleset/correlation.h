// SPDX-License-Identifier: Apache-2.0
// Rules that look at more than one event: how they hang together, and what becomes of a match.
//
// A match of a rule with `after` fires if the other rule has fired before it; one of a rule with
// `count` if it completes the number; one of a rule with both has to pass the first to be counted.
// What fires gives an alert, unless the rule is silent, and is remembered for the rules after it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "alert/alert.h"
#include "base/diagnostics.h"
#include "fields/field.h"
#include "ruleset/correlation_item.h"
#include "ruleset/correlator.h"
#include "ruleset/rule_book.h"

namespace nezuban::ruleset {

struct Rule;

struct After {
  SourceText name;  // of the rule that has to fire first
  std::uint64_t within_ns = 0;
  std::vector<fields::FieldRef> same;
  std::uint32_t rule = 0;   // the same by its index
  std::uint64_t table = 0;  // of the Correlator
};

struct Count {
  Correlator::CountRule rule;
  std::vector<fields::FieldRef> by;
  std::optional<fields::FieldRef> distinct;
  std::uint64_t table = 0;
};

// nullopt: there is none, or something is wrong with it, which is in `problems` then.
std::optional<After> CompileAfter(const AfterItem& item, std::vector<Diagnostic>& problems);
std::optional<Count> CompileCount(const CountItem& item, std::vector<Diagnostic>& problems);

// Finds the rules that others name; leaves out those less severe than `least`, but for those that
// feed one that stays, which become silent. Errors: no such rule; rules that wait for each other.
void LinkRules(const RuleBook& book, alert::Priority least, std::vector<Rule>& rules,
               Diagnostics& diagnostics);

// Warnings for rules that can never alert, or whose matches go nowhere. Call it when it is settled
// which rules are on.
void WarnOfDeadEnds(std::span<const Rule> rules, Diagnostics& diagnostics);

// A match of a rule. `source` gives the fields of its event.
struct Occurrence {
  std::uint64_t time_ns = 0;  // of the event; boot-time clock
  const fields::FieldSource& source;
  bool uncertain = false;  // possibly no match at all
};

// What a match that fires has to say.
struct Fired {
  std::vector<Remembered> related;
  std::uint64_t count = 0;
  // Fields of `same`, `by` and `distinct`; "count" if a match that was needed possibly is none.
  std::vector<std::string> uncertain;
};

// The matches this one comes after; REQUIRES: the rule has `after`.
std::vector<Remembered> Earlier(const Rule& rule, const Occurrence& match,
                                const Correlator& correlator);

// Whether a value that divides the rule's matches, or those of its followers, is not known yet and
// may soon be: without it the match would be like any other's.
bool GroupsMayBeCompleted(std::span<const Rule> rules, const Rule& rule,
                          const fields::FieldSource& source);

// False: with that match, its group has too few still. Counts nothing.
bool MayComplete(const Count& count, const Occurrence& match, const Correlator& correlator);

// Whether a match fires; counts it where the rule counts. Call it once for each match.
std::optional<Fired> Decide(const Rule& rule, const Occurrence& match, Correlator& correlator);

// Tells the rules that come after this one that it has fired; `id` is its alert's.
void Feed(std::span<const Rule> rules, const Rule& rule, const Occurrence& match,
          const std::string& id, Correlator& correlator);

// What stands for and against a match, a sentence for each of the two keys. Changes nothing.
std::vector<std::string> DescribeCorrelation(std::span<const Rule> rules, const Rule& rule,
                                             const Occurrence& match, const Correlator& correlator);

}  // namespace nezuban::ruleset
