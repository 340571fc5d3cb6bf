// SPDX-License-Identifier: Apache-2.0
// Test: one comparison, ready to run. check.h makes it; the programs of a rule set share it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "filter/event_names.h"
#include "filter/index_key.h"
#include "filter/matcher.h"
#include "filter/operators.h"
#include "filter/term.h"

namespace nezuban::filter {

struct Test {
  Term left;
  std::optional<Term> right;  // set where another field or a function is compared with
  const OperatorDef* op = nullptr;
  MatcherPtr matcher;             // set where constants are
  bool all = false;               // of several values all must match
  Truth of_none = Truth::kFalse;  // the answer for a list without values
  // A value that is not truncated, and of which the test is not false, has one of them. Empty: no
  // index can help.
  std::vector<IndexKey> keys;
  std::string text;  // as in the condition; equal tests have equal texts
  EventSplit events;

  Truth Evaluate(const fields::FieldSource& source, fields::Arena& arena) const;
  // The same for values that are there already; `right_value` is only looked at where `right` is
  // set.
  Truth Decide(const fields::Value& left_value, const fields::Value& right_value) const;
};
using TestPtr = std::shared_ptr<const Test>;

}  // namespace nezuban::filter
