// SPDX-License-Identifier: Apache-2.0
// Conditions that are legal and hardly meant: comparisons that can't be true, and rules that
// exclude every event.
#pragma once

#include <vector>

#include "filter/ast.h"
#include "filter/problem.h"

namespace nezuban::ruleset {

// Warnings for comparisons that are false whatever the event. REQUIRES: lists are in their places.
void WarnOfOddities(const filter::Expr& expr, std::vector<filter::Problem>& problems);

// Whether what a condition says of evt.type leaves no event at all, captured or not.
// REQUIRES: macros are in their places.
bool ExcludesAllEvents(const filter::Expr& expr);

}  // namespace nezuban::ruleset
