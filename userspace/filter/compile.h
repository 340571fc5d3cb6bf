// SPDX-License-Identifier: Apache-2.0
// Tree → Program. `and` and `or` become jump targets, `not` swaps them and costs nothing.
#pragma once

#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "filter/ast.h"
#include "filter/problem.h"
#include "filter/program.h"

namespace nezuban::filter {

// A condition with its macros expanded may not be larger or deeper than this.
inline constexpr std::size_t kMaxTests = 100'000;
inline constexpr int kMaxDepth = 1000;

// Programs compiled with the same pool share their equal tests. One thread.
class TestPool {
 public:
  // nullptr with the reason in `problems`.
  TestPtr Get(const Comparison& comparison, std::vector<Problem>& problems);

 private:
  std::unordered_map<std::string, TestPtr> by_text_;
};

// nullopt with the reasons in `problems`, whose offsets are those of the text each comparison comes
// from. A macro that is still in the tree is an error.
std::optional<Program> Compile(const Expr& expr, std::vector<Problem>& problems, TestPool& pool);
std::optional<Program> Compile(const Expr& expr, std::vector<Problem>& problems);

}  // namespace nezuban::filter
