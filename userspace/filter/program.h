// SPDX-License-Identifier: Apache-2.0
// Program: a compiled condition, an array of steps: a test with a true and a false target.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "fields/field.h"
#include "filter/event_names.h"
#include "filter/test.h"

namespace nezuban::filter {

// no; yes; or possible: some test could not be decided, and with luck it would be yes.
enum class Answer : std::uint8_t { kNo, kYes, kPossible };

// One test of a Program and where it leads: the index of the next step, or an end.
struct Step {
  TestPtr test;
  int if_true = 0;
  int if_false = 0;
  bool negated = false;  // stands under an odd number of nots: matching leads away from yes
};

// Where to go on. `unknown_as` is what an undecided comparison counts as in favour of (true) or
// against (false) the whole condition; under a not it is turned round.
template <typename AnyStep>
int NextStep(const AnyStep& step, Truth truth, Truth unknown_as) {
  if (truth == Truth::kUnknown) truth = step.negated ? Negate(unknown_as) : unknown_as;
  return truth == Truth::kTrue ? step.if_true : step.if_false;
}

// Immutable; Run may be called by several threads at once, each with its own arena.
class Program {
 public:
  static constexpr int kMatch = -1;
  static constexpr int kNoMatch = -2;

  // A step's targets come before it; `entry` is the first to run, or one of the ends.
  Program(std::vector<Step> steps, int entry);

  Answer Run(const fields::FieldSource& source, fields::Arena& arena) const noexcept;

  // The fields that could not be decided on the way to `possible`.
  std::vector<std::string> UncertainFields(const fields::FieldSource& source,
                                           fields::Arena& arena) const;

  // Whether a `possible` hangs on a field that is unknown now and may soon be known (see
  // fields::MayArrive), rather than on text that was cut.
  bool MayBeSettled(const fields::FieldSource& source, fields::Arena& arena) const;

  // Every event on which the answer can be other than no.
  const EventNames& events() const { return events_; }
  fields::EventTypes Types() const;

  // One line a test: "  3: proc.name = bash ? 2 : no".
  std::string Dump() const;

  std::span<const Step> steps() const { return steps_; }
  int entry() const { return entry_; }

 private:
  EventNames ComputeEvents() const;

  std::vector<Step> steps_;
  int entry_;
  EventNames events_;
};

}  // namespace nezuban::filter
