// SPDX-License-Identifier: Apache-2.0
// Ruleset: the compiled rules, indexed by event; what an event is asked and what alerts it gives.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "alert/alert.h"
#include "base/diagnostics.h"
#include "base/redact.h"
#include "fields/arena.h"
#include "filter/ast.h"
#include "filter/program.h"
#include "filter/rule_network.h"
#include "ruleset/correlation.h"
#include "ruleset/correlator.h"
#include "ruleset/output_extra.h"
#include "ruleset/output_format.h"
#include "ruleset/rule_book.h"
#include "ruleset/selection.h"
#include "state/enricher.h"

namespace nezuban::ruleset {

struct Rule {
  std::string name;
  std::string desc;
  alert::Priority priority = alert::Priority::kDebug;
  std::string source;
  bool enabled = true;
  std::vector<std::string> tags;  // sorted
  Position position;
  std::string condition;  // with macros, lists and exceptions in their places
  filter::Program program;
  OutputFormat output;
  std::uint64_t name_hash = 0;               // part of alert ids: the same in every run
  std::shared_ptr<const filter::Expr> tree;  // the condition; only if LoadOptions::keep_trees
  bool alerts = true;                        // false: only feeds its followers
  std::optional<After> after = {};
  std::optional<Count> count = {};
  std::vector<std::uint32_t> followers = {};  // the rules that come after this one
  std::string identity = {};                  // all that decides when it fires

  bool correlates() const { return after || count || !followers.empty() || !alerts; }
};

// FNV-1a: the same in every run.
std::uint64_t HashText(std::string_view text);

// What the configuration says of the rules that files define.
struct LoadOptions {
  // Rules less severe are checked and left out.
  alert::Priority least = alert::Priority::kDebug;
  std::vector<Selection> selection = {};  // applied in order
  std::vector<OutputExtra> append_output = {};
  StaticFields static_fields = {};
  // Warn of macros and lists that nothing uses, of which shared rule files have many.
  bool warn_unused = false;
  bool keep_trees = false;  // for Explainer
  // Asked before each rule; true: gives up, with an error. Empty: goes on.
  std::function<bool()> stop = {};
};

// What alerts say of where they come from. `run_id` is the boot's or the recording's: ids of alerts
// begin with it.
struct NodeIdentity {
  std::string hostname;
  std::string run_id;
  std::string node = {};     // as its cluster calls it; empty: nobody said
  std::string cluster = {};  // may be empty
};

// This machine: gethostname and /proc/sys/kernel/random/boot_id.
NodeIdentity ThisNode();

class Ruleset;

// What one thread needs to match: scratch memory and counters. Not shared.
class Matching {
 public:
  // Alerts have their secrets masked by `redactor`, where it is given.
  explicit Matching(NodeIdentity node, std::shared_ptr<const Redactor> redactor = nullptr,
                    filter::RuleMatching which = filter::RuleMatching::kAll,
                    CorrelatorLimits limits = {})
      : node_(std::move(node)), redactor_(std::move(redactor)), which_(which), earlier_(limits) {}

  // Alerts per rule, by its index in Ruleset::rules() of the set that was the last to take over;
  // what an earlier one still decides is not counted.
  std::span<const std::uint64_t> alerts_by_rule() const { return alerts_by_rule_; }
  // Call it when another Ruleset takes over. What rules remember of earlier matches stays for those
  // that are the same in `next`.
  void Reset(const Ruleset& next);

  const Correlator& earlier() const { return earlier_; }
  Correlator& earlier() { return earlier_; }

 private:
  friend class Ruleset;
  NodeIdentity node_;
  std::shared_ptr<const Redactor> redactor_;
  filter::RuleMatching which_;
  fields::Arena arena_;
  filter::RuleNetwork::Scratch scratch_;
  std::vector<std::uint64_t> alerts_by_rule_;
  const Ruleset* counted_ = nullptr;  // nullptr: none has taken over, there is only one
  Correlator earlier_;
};

// Immutable: may be shared by threads, each with its own Matching.
class Ruleset {
 public:
  using AlertHandler = std::function<void(alert::Alert)>;

  // Reads files and directories (their *.yaml and *.yml by name, not deeper; *.test.yaml are no
  // rules) in order. nullptr if there was an error; every problem of all files is in `diagnostics`.
  static std::shared_ptr<const Ruleset> Load(std::span<const std::string> paths,
                                             Diagnostics& diagnostics,
                                             const LoadOptions& options = {});

  // The same from texts, for tests: {name, content}.
  struct File {
    std::string name;
    std::string text;
  };
  static std::shared_ptr<const Ruleset> FromFiles(std::span<const File> files,
                                                  Diagnostics& diagnostics,
                                                  const LoadOptions& options = {});

  // Told of a rule, by its index in rules(), whose alert something that may still arrive could
  // change: a value, or the decision on an earlier match it comes after (see Correlator::Waits).
  using WaitHandler = std::function<void(std::uint32_t rule)>;

  // Every enabled rule that matches gives an alert, in order of definition; with kFirst only the
  // first one, and those before it that may match. Where `wait` is given, those that should wait
  // give none yet. An event that matches nothing allocates nothing.
  void Match(const state::EnrichedEvent& event, Matching& matching, const AlertHandler& handler,
             const WaitHandler* wait = nullptr) const;

  // The same for one rule, by its index.
  void Ask(std::uint32_t rule, const state::EnrichedEvent& event, Matching& matching,
           const AlertHandler& handler, const WaitHandler* wait = nullptr) const;

  // A match of that rule waits for its decision, or no longer does: those that come after it may
  // have to wait with it.
  void BeginWait(std::uint32_t rule, Matching& matching) const;
  void EndWait(std::uint32_t rule, Matching& matching) const;

  // Whether one rule matches an event given by its fields. The arena is reset.
  filter::Answer Ask(const Rule& rule, const fields::FieldSource& source,
                     fields::Arena& arena) const;

  // Events on which any enabled rule can match: what the kernel side has to deliver for rules.
  fields::EventTypes EventTypes() const { return event_types_; }

  // What starts which rule, as text.
  std::string DumpNetwork() const;

  // All rules, also disabled ones, in order of definition.
  std::span<const Rule> rules() const { return rules_; }
  const Rule* FindRule(std::string_view name) const;
  std::size_t enabled_count() const;

  // The same for the same files, another for others: sixteen hexadecimal digits.
  const std::string& version() const { return version_; }

 private:
  Ruleset() = default;
  void Compile(const RuleBook& book, const LoadOptions& options, Diagnostics& diagnostics);
  void BuildIndex();
  // An event that a rule matches, or possibly does.
  struct Hit {
    std::uint32_t rule;
    filter::Answer answer;
    const state::EnrichedEvent& event;
    const fields::FieldSource& source;
  };
  // handler nullptr: it may only feed other rules. True: it has given an alert, or waits and what
  // it waits for cannot keep a match from giving one.
  bool Settle(const Hit& hit, Matching& matching, const AlertHandler* handler,
              const WaitHandler* wait) const;
  bool MustWait(const Hit& hit, Matching& matching) const;
  alert::Alert MakeAlert(const Hit& hit, const Fired& fired, std::string id,
                         Matching& matching) const;

  std::string version_;
  std::vector<Rule> rules_;
  std::optional<filter::RuleNetwork> network_;  // of the enabled rules
  fields::EventTypes event_types_;
  bool correlates_ = false;  // some rule does
};

}  // namespace nezuban::ruleset
