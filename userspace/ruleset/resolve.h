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

// One per loading. Problems are reported where the text in question stands.
class Resolver {
 public:
  Resolver(const RuleBook& book, Diagnostics& diagnostics);

  // The condition of a rule with all that belongs to it; nullopt if there were errors. Every
  // problem of its text and of the macros it uses is in `problems_out`, those of macros with a
  // remark for each use that leads there; other rules that use the same macro give the same ones.
  std::optional<filter::Expr> Condition(const RuleSpec& rule,
                                        std::vector<Diagnostic>& problems_out);

  // A rule that is left out: what it names is used all the same, and fields that only it asks for
  // are not looked up.
  void Skip(const RuleSpec& rule);

  // Problems of macros that no rule uses: what they mean matters to nobody, so unknown names are
  // only warnings. Call it after the last rule.
  void CheckUnused();

  // Warnings for macros and lists that nothing refers to.
  void WarnUnused();

 private:
  using Problems = std::vector<Diagnostic>;
  struct Use {
    std::string macro;
    Position at;
  };
  struct Macro {
    enum class State { kNew, kOpen, kDone } state = State::kNew;
    std::optional<filter::Expr> expr;  // expanded; empty if it or one it uses has errors
    std::size_t size = 0;              // comparisons in it
    int depth = 0;
    Problems problems;  // of its text, and of the macros it names
    Problems meaning;   // of fields and values
    std::vector<Use> uses;
    bool used = false;     // by a rule
    bool skipped = false;  // by a rule that is left out
  };
  struct Measure {
    std::size_t size = 0;
    int depth = 0;
  };
  // The text whose macros are put in, and what comes of it.
  struct Scope {
    const SourceText& text;
    std::size_t last_item;  // macros defined by later items can't be used
    Problems& problems;
    std::vector<Use>& uses;
  };

  std::optional<filter::Expr> ParseText(const SourceText& text, Problems& problems,
                                        Problems& meaning);
  const Macro& Expanded(const std::string& name);
  std::optional<Measure> Expand(filter::Expr& expr, Scope& scope);
  std::optional<Measure> ExpandAll(std::vector<filter::Expr>& children, Scope& scope);
  std::optional<Measure> ExpandMacro(filter::Expr& expr, Scope& scope);
  bool IsVisible(const filter::MacroName& name, const Scope& scope);
  void AddMacroProblems(const std::vector<Use>& uses, std::set<std::string>& seen,
                        std::vector<Remark>& chain, Problems& out);
  void MarkUsed(const std::vector<Use>& uses, bool skipped);

  void SubstituteLists(filter::Expr& expr, const SourceText& text, Problems& problems);
  void SubstituteIn(filter::Comparison& comparison, const SourceText& text, Problems& problems);
  void WarnOfListName(const filter::Literal& literal, const SourceText& text, Problems& problems);
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
