// SPDX-License-Identifier: Apache-2.0
// Names, types and literals: whether the comparisons of a tree can be run. Macros are not followed.
#pragma once

#include <optional>
#include <vector>

#include "filter/ast.h"
#include "filter/problem.h"
#include "filter/test.h"

namespace nezuban::filter {

// Appends every problem in the tree; offsets are those of its text.
void Check(const Expr& expr, std::vector<Problem>& problems);

// The test for one comparison; nullopt with the reason in `problems`. Warnings are
// appended there too.
std::optional<Test> MakeTest(const Comparison& comparison, std::vector<Problem>& problems);

}  // namespace nezuban::filter
