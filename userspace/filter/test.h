// SPDX-License-Identifier: Apache-2.0
// Test: one comparison of a Program. check.h makes it.
#pragma once

#include <optional>
#include <string>

#include "filter/matcher.h"
#include "filter/operators.h"
#include "filter/term.h"

namespace nezuban::filter {

struct Test {
  Term left;
  std::optional<Term> right;  // set where another field or a function is compared with
  const OperatorDef* op = nullptr;
  MatcherPtr matcher;    // set where constants are
  bool all = false;      // of several values all must match
  bool negated = false;  // stands under an odd number of nots: matching leads away from yes
  int if_true = 0;       // index of the next test, or an end of the Program
  int if_false = 0;
  std::string text;  // as in the condition

  Truth Evaluate(const fields::FieldSource& source, fields::Arena& arena) const;
};

}  // namespace nezuban::filter
