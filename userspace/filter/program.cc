// SPDX-License-Identifier: Apache-2.0
#include "filter/program.h"

#include <utility>

#include "base/check.h"

namespace nezuban::filter {
namespace {

using fields::Value;

// The events on which `test` can be true, and those on which it can be false.
struct Split {
  EventNames can_be_true;
  EventNames can_be_false;
};

// The names of events of these types; 0: of all.
EventNames NamesOf(std::uint64_t types) {
  if (types == 0) return AllEventNames();
  EventNames names;
  for (std::size_t bit = 0; bit < names.size(); ++bit) {
    if (AllEventNames()[bit] && (types >> (bit / 8) & 1) != 0) names.set(bit);
  }
  return names;
}

Split SplitEvents(const Test& test) {
  const fields::FieldRef* field = test.left.field();
  if (field == nullptr) return {AllEventNames(), AllEventNames()};
  if (field->def->type != fields::Type::kEventName || test.right) {
    // Where the field is absent, the comparison is false.
    return {NamesOf(field->def->events), AllEventNames()};
  }
  Split split;
  for (std::size_t bit = 0; bit < split.can_be_true.size(); ++bit) {
    if (!AllEventNames()[bit]) continue;
    const Value name =
        event::NameOf(static_cast<event::EventType>(bit / 8), static_cast<std::uint8_t>(bit % 8));
    const bool yes = test.matcher == nullptr || test.matcher->Match(name) == Truth::kTrue;
    (yes ? split.can_be_true : split.can_be_false).set(bit);
  }
  return split;
}

}  // namespace

const EventNames& AllEventNames() {
  static const EventNames kAll = [] {
    EventNames all;
    for (event::EventType type = 0; type < NR_EVENTS; ++type) {
      for (std::uint8_t variant = 0; !event::NameOf(type, variant).empty(); ++variant) {
        CHECK(variant < 8);
        all.set(EventNameBit(type, variant));
      }
    }
    return all;
  }();
  return kAll;
}

Program::Program(std::vector<Test> tests, int entry) : tests_(std::move(tests)), entry_(entry) {
  for (std::size_t i = 0; i < tests_.size(); ++i) {
    CHECK(tests_[i].if_true < static_cast<int>(i) && tests_[i].if_false < static_cast<int>(i));
  }
  events_ = ComputeEvents();
}

// `unknown_as` is what an undecided comparison counts as in favour of (true) or against (false) the
// whole condition; under a not it is turned round.
int Program::Next(const Test& test, Truth truth, Truth unknown_as) {
  if (truth == Truth::kUnknown) truth = test.negated ? Negate(unknown_as) : unknown_as;
  return truth == Truth::kTrue ? test.if_true : test.if_false;
}

// Twice at most: once with everything unknown against the condition, for certainty; and, if there
// was anything unknown, once in favour of it.
Answer Program::Run(const fields::FieldSource& source, fields::Arena& arena) const noexcept {
  bool any_unknown = false;
  int pc = entry_;
  while (pc >= 0) {
    const Test& test = tests_[static_cast<std::size_t>(pc)];
    const Truth truth = test.Evaluate(source, arena);
    any_unknown |= truth == Truth::kUnknown;
    pc = Next(test, truth, Truth::kFalse);
  }
  if (pc == kMatch) return Answer::kYes;
  if (!any_unknown) return Answer::kNo;
  for (pc = entry_; pc >= 0;) {
    const Test& test = tests_[static_cast<std::size_t>(pc)];
    pc = Next(test, test.Evaluate(source, arena), Truth::kTrue);
  }
  return pc == kMatch ? Answer::kPossible : Answer::kNo;
}

std::vector<std::string> Program::UncertainFields(const fields::FieldSource& source,
                                                  fields::Arena& arena) const {
  std::vector<std::string> names;
  for (int pc = entry_; pc >= 0;) {
    const Test& test = tests_[static_cast<std::size_t>(pc)];
    const Truth truth = test.Evaluate(source, arena);
    if (truth == Truth::kUnknown) {
      CollectFields(test.left, names);
      if (test.right) CollectFields(*test.right, names);
    }
    pc = Next(test, truth, Truth::kTrue);
  }
  return names;
}

// Targets come before the tests that jump to them, so one pass from the entry down sees each test
// after all that lead to it.
EventNames Program::ComputeEvents() const {
  if (entry_ < 0) return entry_ == kMatch ? AllEventNames() : EventNames();
  EventNames matched;
  std::vector<EventNames> reached(tests_.size());
  reached[static_cast<std::size_t>(entry_)] = AllEventNames();
  const auto flow = [&](int target, const EventNames& names) {
    if (target >= 0) reached[static_cast<std::size_t>(target)] |= names;
    if (target == kMatch) matched |= names;
  };
  for (int pc = entry_; pc >= 0; --pc) {
    const Test& test = tests_[static_cast<std::size_t>(pc)];
    const EventNames& here = reached[static_cast<std::size_t>(pc)];
    if (here.none()) continue;
    const Split split = SplitEvents(test);
    flow(test.if_true, here & split.can_be_true);
    flow(test.if_false, here & split.can_be_false);
  }
  return matched;
}

fields::EventTypes Program::Types() const {
  fields::EventTypes types;
  for (std::size_t bit = 0; bit < events_.size(); ++bit) {
    if (events_[bit]) types.set(bit / 8);
  }
  return types;
}

std::string Program::Dump() const {
  const auto target = [](int pc) {
    return pc == kMatch ? std::string("yes") : pc == kNoMatch ? "no" : std::to_string(pc);
  };
  std::string out;
  for (int pc = entry_; pc >= 0; --pc) {
    const Test& test = tests_[static_cast<std::size_t>(pc)];
    out += "  " + std::to_string(pc) + ": " + test.text + " ? " + target(test.if_true) + " : " +
           target(test.if_false) + "\n";
  }
  return out.empty() ? "  " + target(entry_) + "\n" : out;
}

}  // namespace nezuban::filter
