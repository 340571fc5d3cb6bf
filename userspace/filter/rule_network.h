// SPDX-License-Identifier: Apache-2.0
// RuleNetwork: the Programs of many rules as one, so that an event costs by what it matches and not
// by how many rules there are. It gives the answers the Programs give, which stay the proof of it.
//
// Rules are sorted by the events they can match. For each a gate is looked for (gate.h): a few
// tests one of which must hold, or be undecided, for the rule to match. The tests of all gates on
// one field are in one index (value_index.h): a few look-ups of its value tell which of them hold,
// and only the rules behind those are run. Rules without a gate are run each time. Whatever is run
// shares its tests and its values with the others: each is worked out once for an event, or never.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "filter/program.h"
#include "filter/value_index.h"

namespace nezuban::filter {

enum class RuleMatching : std::uint8_t { kAll, kFirst };

// Immutable: may be shared by threads, each with its own Scratch. Its memory grows with that of the
// programs, times how many kinds of events (by the rules that ask for them) a rule is asked of.
class RuleNetwork {
 public:
  struct Answered {
    std::uint32_t rule;
    Answer answer;
  };

  // What one thread needs to match. Goes with any RuleNetwork.
  class Scratch {
   public:
    // Rules run for the last event.
    std::uint32_t rules_run() const { return rules_run_; }

   private:
    friend class RuleNetwork;
    std::uint64_t network_ = 0;          // whose sizes these have
    std::uint32_t epoch_ = 0;            // of the event; what has another is left over
    std::vector<std::uint32_t> truth_;   // by test: epoch and Truth
    std::vector<std::uint32_t> hit_;     // by test: epoch
    std::vector<std::uint32_t> valued_;  // by term: epoch
    std::vector<fields::Value> values_;
    std::vector<std::uint32_t> started_at_;  // by rule: epoch
    std::vector<std::uint32_t> started_;
    std::vector<Answered> answered_;
    std::uint32_t rules_run_ = 0;
  };

  // programs[i] is rule i; nullptr: it takes no part. Only their tests are kept.
  explicit RuleNetwork(std::span<const Program* const> programs);

  // The rules that don't say no to the event, in order. Values live in `arena`, which is not reset.
  // kFirst: ends with the first that says yes (those before it that may match are among them: what
  // isn't known hides nothing). Valid until the next call with `scratch`. Allocates nothing after
  // the first event, but for values from `arena`. REQUIRES: evt.type of `source` is that of
  // `event`.
  std::span<const Answered> Match(std::size_t event, const fields::FieldSource& source,
                                  fields::Arena& arena, Scratch& scratch,
                                  RuleMatching matching = RuleMatching::kAll) const noexcept;

  // What starts which rule, as text. rule_names[i] is rule i.
  std::string Dump(std::span<const std::string> rule_names) const;

 private:
  class Builder;
  class Run;

  // A step of a rule's program, with the test's number.
  struct NumberedStep {
    std::uint32_t test;
    int if_true;
    int if_false;
    bool negated;
  };
  struct NumberedProgram {
    std::uint32_t first_step = 0;
    int entry = Program::kNoMatch;
  };
  // A test in gates: the rules it starts.
  struct Gatekeeper {
    std::uint32_t test;
    std::vector<std::uint32_t> rules;
  };
  // The gatekeepers of one term.
  struct IndexedTerm {
    std::uint32_t term;
    std::vector<std::uint32_t> gatekeepers;
    ValueIndex index;  // its users are indices of Events::gatekeepers
  };
  // Events that the same rules ask for.
  struct Events {
    EventNames names;
    std::vector<Gatekeeper> gatekeepers;
    std::vector<IndexedTerm> terms;
    std::vector<std::uint32_t> always;  // rules
  };
  struct NumberedTest {
    TestPtr test;
    std::uint32_t left;   // term
    std::uint32_t right;  // term; kNoTerm: none
  };
  static constexpr std::uint32_t kNoTerm = UINT32_MAX;
  // A field, or something computed from fields.
  struct NumberedTerm {
    const fields::FieldRef* field;
    const Term* computed;
  };

  void Prepare(Scratch& scratch) const;

  std::uint64_t id_;  // no other RuleNetwork has it
  std::vector<NumberedTest> tests_;
  std::vector<NumberedTerm> terms_;  // owned by the tests
  std::unordered_map<const fields::FieldRef*, std::uint32_t> term_of_field_;
  std::vector<NumberedStep> steps_;
  std::vector<NumberedProgram> programs_;
  std::vector<Events> events_;
  std::vector<std::int32_t> events_of_;  // by bit of EventNames; -1: no rule asks for it
};

}  // namespace nezuban::filter
