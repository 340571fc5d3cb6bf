// SPDX-License-Identifier: Apache-2.0
#include "filter/rule_network.h"

#include <algorithm>

namespace nezuban::filter {

using fields::Value;

// One event's way through the network.
class RuleNetwork::Run {
 public:
  Run(const RuleNetwork& network, const Events& events, const fields::FieldSource& source,
      fields::Arena& arena, Scratch& scratch)
      : network_(network), events_(events), source_(source), arena_(arena), s_(scratch) {}

  std::span<const Answered> Answers(RuleMatching matching) {
    for (const IndexedTerm& term : events_.terms) LookUp(term);
    std::ranges::sort(s_.started_);
    auto next = events_.always.begin();
    for (const std::uint32_t rule : s_.started_) {
      for (; next != events_.always.end() && *next < rule; ++next) {
        if (Ask(*next, matching)) return s_.answered_;
      }
      if (Ask(rule, matching)) return s_.answered_;
    }
    for (; next != events_.always.end(); ++next) {
      if (Ask(*next, matching)) break;
    }
    return s_.answered_;
  }

 private:
  void LookUp(const IndexedTerm& term) {
    const Value& value = ValueOf(term.term);
    if (const auto* list = std::get_if<fields::ValueList>(&value)) {
      for (std::size_t i = 0; i < list->size; ++i) LookUp(term, list->data[i]);
    } else {
      LookUp(term, value);
    }
  }

  void LookUp(const IndexedTerm& term, const Value& value) {
    if (std::holds_alternative<fields::Absent>(value)) return;  // every test is false
    if (std::holds_alternative<fields::Unknown>(value)) {
      for (const std::uint32_t gatekeeper : term.gatekeepers) Hit(gatekeeper, false);
      return;
    }
    term.index.Find(value, arena_, [this](std::uint32_t g, bool decides) { Hit(g, decides); });
  }

  void Hit(std::uint32_t gatekeeper, bool decides) {
    const Gatekeeper& g = events_.gatekeepers[gatekeeper];
    if (s_.hit_[g.test] == s_.epoch_) return;
    if (decides) {
      SetTruth(g.test, Truth::kTrue);
    } else if (TruthOf(g.test) == Truth::kFalse) {
      return;
    }
    s_.hit_[g.test] = s_.epoch_;
    for (const std::uint32_t rule : g.rules) {
      if (s_.started_at_[rule] == s_.epoch_) continue;
      s_.started_at_[rule] = s_.epoch_;
      s_.started_.push_back(rule);
    }
  }

  // Twice at most, as Program::Run. Returns whether no other rule is to be asked.
  bool Ask(std::uint32_t rule, RuleMatching matching) {
    ++s_.rules_run_;
    bool any_unknown = false;
    int end = Walk(rule, Truth::kFalse, any_unknown);
    if (end == Program::kMatch) {
      s_.answered_.push_back({rule, Answer::kYes});
      return matching == RuleMatching::kFirst;
    }
    if (any_unknown) end = Walk(rule, Truth::kTrue, any_unknown);
    if (end == Program::kMatch) s_.answered_.push_back({rule, Answer::kPossible});
    return false;
  }

  int Walk(std::uint32_t rule, Truth unknown_as, bool& any_unknown) {
    const NumberedProgram& program = network_.programs_[rule];
    int pc = program.entry;
    while (pc >= 0) {
      const NumberedStep& step =
          network_.steps_[program.first_step + static_cast<std::uint32_t>(pc)];
      const Truth truth = TruthOf(step.test);
      any_unknown |= truth == Truth::kUnknown;
      pc = NextStep(step, truth, unknown_as);
    }
    return pc;
  }

  void SetTruth(std::uint32_t test, Truth truth) {
    s_.truth_[test] = s_.epoch_ << 2 | static_cast<std::uint32_t>(truth);
  }

  Truth TruthOf(std::uint32_t number) {
    const std::uint32_t known = s_.truth_[number];
    if (known >> 2 == s_.epoch_) return static_cast<Truth>(known & 3);
    const NumberedTest& test = network_.tests_[number];
    static const Value kNoValue;
    const Value& right = test.right == kNoTerm ? kNoValue : ValueOf(test.right);
    const Truth truth = test.test->Decide(ValueOf(test.left), right);
    SetTruth(number, truth);
    return truth;
  }

  // The same place each time: a value found on the way to another does not move.
  const Value& ValueOf(std::uint32_t number) {
    if (s_.valued_[number] == s_.epoch_) return s_.values_[number];
    const NumberedTerm& term = network_.terms_[number];
    Value& value = s_.values_[number];
    if (term.field != nullptr) {
      value = source_.Get(*term.field);
    } else {
      // The fields inside are terms of their own.
      const fields::FieldSource inside(this, [](const void* self, const fields::FieldRef& ref) {
        auto* run = const_cast<Run*>(static_cast<const Run*>(self));  // NOLINT: it is this one
        return run->ValueOf(run->network_.term_of_field_.at(&ref));
      });
      value = Evaluate(*term.computed, inside, arena_);
    }
    s_.valued_[number] = s_.epoch_;
    return value;
  }

  const RuleNetwork& network_;
  const Events& events_;
  const fields::FieldSource& source_;
  fields::Arena& arena_;
  Scratch& s_;
};

std::span<const RuleNetwork::Answered> RuleNetwork::Match(std::size_t event,
                                                          const fields::FieldSource& source,
                                                          fields::Arena& arena, Scratch& scratch,
                                                          RuleMatching matching) const noexcept {
  if (events_of_[event] < 0) return {};
  Prepare(scratch);
  const Events& events = events_[static_cast<std::size_t>(events_of_[event])];
  return Run(*this, events, source, arena, scratch).Answers(matching);
}

void RuleNetwork::Prepare(Scratch& scratch) const {
  constexpr std::uint32_t kEpochs = UINT32_MAX >> 2;  // two bits hold a Truth
  if (scratch.network_ != id_ || scratch.epoch_ == kEpochs) {
    scratch = Scratch();
    scratch.network_ = id_;
    scratch.truth_.resize(tests_.size());
    scratch.hit_.resize(tests_.size());
    scratch.valued_.resize(terms_.size());
    scratch.values_.resize(terms_.size());
    scratch.started_at_.resize(programs_.size());
    scratch.started_.reserve(programs_.size());
    scratch.answered_.reserve(programs_.size());
  }
  ++scratch.epoch_;
  scratch.started_.clear();
  scratch.answered_.clear();
  scratch.rules_run_ = 0;
}

}  // namespace nezuban::filter
