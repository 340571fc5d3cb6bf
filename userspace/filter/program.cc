// SPDX-License-Identifier: Apache-2.0
#include "filter/program.h"

#include <utility>

#include "base/check.h"

namespace nezuban::filter {
Program::Program(std::vector<Step> steps, int entry) : steps_(std::move(steps)), entry_(entry) {
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    CHECK(steps_[i].if_true < static_cast<int>(i) && steps_[i].if_false < static_cast<int>(i));
  }
  events_ = ComputeEvents();
}

// Twice at most: once with everything unknown against the condition, for certainty; and, if there
// was anything unknown, once in favour of it.
Answer Program::Run(const fields::FieldSource& source, fields::Arena& arena) const noexcept {
  bool any_unknown = false;
  int pc = entry_;
  while (pc >= 0) {
    const Step& step = steps_[static_cast<std::size_t>(pc)];
    const Truth truth = step.test->Evaluate(source, arena);
    any_unknown |= truth == Truth::kUnknown;
    pc = NextStep(step, truth, Truth::kFalse);
  }
  if (pc == kMatch) return Answer::kYes;
  if (!any_unknown) return Answer::kNo;
  for (pc = entry_; pc >= 0;) {
    const Step& step = steps_[static_cast<std::size_t>(pc)];
    pc = NextStep(step, step.test->Evaluate(source, arena), Truth::kTrue);
  }
  return pc == kMatch ? Answer::kPossible : Answer::kNo;
}

std::vector<std::string> Program::UncertainFields(const fields::FieldSource& source,
                                                  fields::Arena& arena) const {
  std::vector<std::string> names;
  for (int pc = entry_; pc >= 0;) {
    const Step& step = steps_[static_cast<std::size_t>(pc)];
    const Truth truth = step.test->Evaluate(source, arena);
    if (truth == Truth::kUnknown) {
      CollectFields(step.test->left, names);
      if (step.test->right) CollectFields(*step.test->right, names);
    }
    pc = NextStep(step, truth, Truth::kTrue);
  }
  return names;
}

bool Program::MayBeSettled(const fields::FieldSource& source, fields::Arena& arena) const {
  for (int pc = entry_; pc >= 0;) {
    const Step& step = steps_[static_cast<std::size_t>(pc)];
    const Test& test = *step.test;
    const Truth truth = test.Evaluate(source, arena);
    if (truth == Truth::kUnknown &&
        (WaitsFor(test.left, source) || (test.right && WaitsFor(*test.right, source)))) {
      return true;
    }
    pc = NextStep(step, truth, Truth::kTrue);
  }
  return false;
}

// Targets come before the tests that jump to them, so one pass from the entry down sees each test
// after all that lead to it.
EventNames Program::ComputeEvents() const {
  if (entry_ < 0) return entry_ == kMatch ? AllEventNames() : EventNames();
  EventNames matched;
  std::vector<EventNames> reached(steps_.size());
  reached[static_cast<std::size_t>(entry_)] = AllEventNames();
  const auto flow = [&](int target, const EventNames& names) {
    if (target >= 0) reached[static_cast<std::size_t>(target)] |= names;
    if (target == kMatch) matched |= names;
  };
  for (int pc = entry_; pc >= 0; --pc) {
    const Step& step = steps_[static_cast<std::size_t>(pc)];
    const EventNames& here = reached[static_cast<std::size_t>(pc)];
    if (here.none()) continue;
    const EventSplit& split = step.test->events;
    flow(step.if_true, here & split.can_be_true);
    flow(step.if_false, here & split.can_be_false);
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
    const Step& step = steps_[static_cast<std::size_t>(pc)];
    out += "  " + std::to_string(pc) + ": " + step.test->text + " ? " + target(step.if_true) +
           " : " + target(step.if_false) + "\n";
  }
  return out.empty() ? "  " + target(entry_) + "\n" : out;
}

}  // namespace nezuban::filter
