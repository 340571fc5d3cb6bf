// SPDX-License-Identifier: Apache-2.0
// From texts to trees: lists, macros and exceptions put where conditions name them.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/diagnostics.h"
#include "filter/ast.h"
#include "filter/problem.h"
#include "ruleset/rule_book.h"

namespace nezuban::ruleset {

// Macros that use macros, and lists in lists, may not go further down: it is done by recursion.
inline constexpr int kMaxReferences = 100;

// One per loading. Problems are reported where the text in question stands, those in a macro once.
class Resolver {
 public:
  Resolver(const RuleBook& book, Diagnostics& diagnostics);

  // The condition of a rule with all that belongs to it; nullopt if there were errors in its own
  // text (`problems_out`, positions resolved) or in a macro it uses (reported already).
  std::optional<filter::Expr> Condition(const RuleSpec& rule,
                                        std::vector<Diagnostic>& problems_out);

  // Warnings for macros and lists that nothing refers to. Call it last.
  void WarnUnused();

 private:
  struct Macro {
    enum class State { kNew, kOpen, kDone } state = State::kNew;
    std::optional<filter::Expr> expr;  // expanded; empty if it has errors
    std::size_t size = 0;              // comparisons in it
    int depth = 0;
  };
  struct Measure {
    std::size_t size = 0;
    int depth = 0;
  };
  using Problems = std::vector<Diagnostic>;

  std::optional<filter::Expr> ParseAndCheck(const SourceText& text, Problems& problems);
  const Macro& Expanded(const std::string& name);
  std::optional<Measure> Expand(filter::Expr& expr, const SourceText& text, Problems& problems);
  std::optional<Measure> ExpandAll(std::vector<filter::Expr>& children, const SourceText& text,
                                   Problems& problems);
  std::optional<Measure> ExpandMacro(filter::Expr& expr, const SourceText& text,
                                     Problems& problems);

  void SubstituteLists(filter::Expr& expr, const SourceText& text, Problems& problems);
  void SubstituteIn(filter::Comparison& comparison, const SourceText& text, Problems& problems);
  void AppendItems(const std::string& list, filter::Offset at, std::vector<filter::Operand>& out);
  const std::vector<filter::Literal>& ItemsOf(const std::string& list);

  std::optional<filter::Expr> Exception(const ExceptionItem& item, Problems& problems);
  std::optional<filter::Expr> ExceptionTerm(const ExceptionItem& item, std::size_t i,
                                            const ExceptionTuple::Element& element,
                                            Problems& problems);

  const RuleBook& book_;
  Diagnostics& diagnostics_;
  std::map<std::string, Macro, std::less<>> macros_;
  int open_macros_ = 0;
  std::map<std::string, std::vector<filter::Literal>, std::less<>> lists_;
  std::set<std::string, std::less<>> open_lists_;
  std::set<std::string, std::less<>> used_lists_;
};

}  // namespace nezuban::ruleset
