// SPDX-License-Identifier: Apache-2.0
#include "ruleset/resolve.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/text.h"
#include "filter/check.h"
#include "filter/compile.h"
#include "filter/parser.h"
#include "ruleset/nearest_name.h"
#include "ruleset/oddities.h"
#include "ruleset/resolve_text.h"

namespace nezuban::ruleset {

using filter::And;
using filter::Comparison;
using filter::Expr;
using filter::Literal;
using filter::MacroName;
using filter::Not;
using filter::Operand;
using filter::Or;

namespace {

bool HasError(const std::vector<Diagnostic>& problems) {
  return std::ranges::any_of(problems,
                             [](const Diagnostic& d) { return d.severity == Severity::kError; });
}

}  // namespace

Resolver::Resolver(const RuleBook& book, Diagnostics& diagnostics)
    : book_(book), diagnostics_(diagnostics) {
  for (const auto& [name, spec] : book_.macros()) macros_.emplace(name, Macro{});
}

std::optional<Expr> Resolver::ParseText(const SourceText& text, Problems& problems,
                                        Problems& meaning) {
  auto expr = filter::Parse(text.text);
  if (!expr) {
    problems.push_back(Placed(expr.error(), text));
    return std::nullopt;
  }
  SubstituteLists(*expr, text, meaning);
  std::vector<filter::Problem> found;
  filter::Check(*expr, found);
  WarnOfOddities(*expr, found);
  for (const filter::Problem& problem : found) meaning.push_back(Placed(problem, text));
  return std::move(*expr);
}

// ---- macros

const Resolver::Macro& Resolver::Expanded(const std::string& name) {
  Macro& macro = macros_.at(name);
  if (macro.state != Macro::State::kNew) return macro;
  macro.state = Macro::State::kOpen;
  ++open_macros_;
  const MacroSpec& spec = book_.macros().at(name);
  auto expr = ParseText(spec.condition, macro.problems, macro.meaning);
  if (expr) {
    Scope scope{spec.condition, spec.last_item, macro.problems, macro.uses};
    const auto measure = Expand(*expr, scope);
    if (measure && !HasError(macro.problems) && !HasError(macro.meaning)) {
      macro.expr = std::move(*expr);
      macro.size = measure->size;
      macro.depth = measure->depth;
    }
  }
  macro.state = Macro::State::kDone;
  --open_macros_;
  return macro;
}

// A macro knows those before it; whatever a file says can only use what it and earlier files
// define.
bool Resolver::IsVisible(const MacroName& name, const Scope& scope) {
  const MacroSpec& spec = book_.macros().at(name.name);
  const bool later_file = spec.first.file > book_.FileIndex(scope.text.FileAt(name.at));
  if (!later_file && spec.first.item < scope.last_item) return true;
  Diagnostic problem{Severity::kError, scope.text.At(name.at)};
  problem.message = "macro '" + name.name + "' is defined only " +
                    (later_file ? "in a later file" : "further down");
  problem.hint = later_file ? "name that file before this one" : "a macro can use those before it";
  problem.remarks.push_back({spec.name.Start(), "it is defined here"});
  scope.problems.push_back(std::move(problem));
  return false;
}

std::optional<Resolver::Measure> Resolver::ExpandMacro(Expr& expr, Scope& scope) {
  const MacroName name = std::get<MacroName>(expr.node);
  const auto fail = [&](std::string message, std::string hint = {}) {
    scope.problems.push_back(
        {Severity::kError, scope.text.At(name.at), std::move(message), std::move(hint)});
    return std::nullopt;
  };
  if (!macros_.contains(name.name)) {
    if (book_.IsBroken(BrokenItem::Kind::kMacro, name.name)) return std::nullopt;
    return fail("undefined macro '" + name.name + "'", NearestName(name.name, macros_));
  }
  if (!IsVisible(name, scope)) return std::nullopt;
  if (open_macros_ >= kMaxReferences) {
    return fail("macros use each other more than " + std::to_string(kMaxReferences) +
                " levels deep");
  }
  const Macro& macro = Expanded(name.name);
  if (macro.state == Macro::State::kOpen) {
    return fail("macro '" + name.name + "' refers to itself");
  }
  if (std::ranges::find(scope.uses, name.name, &Use::macro) == scope.uses.end()) {
    scope.uses.push_back({name.name, scope.text.At(name.at)});
  }
  if (!macro.expr) return std::nullopt;  // the problem is that of the macro
  expr = Clone(*macro.expr);
  expr.macro = name.name;
  return Measure{macro.size, macro.depth};
}

void Resolver::AddMacroProblems(const std::vector<Use>& uses, std::set<std::string>& seen,
                                std::vector<Remark>& chain, Problems& out) {
  if (chain.size() >= kMaxReferences) return;
  for (const Use& use : uses) {
    if (!seen.insert(use.macro).second) continue;
    chain.push_back({use.at, "in macro '" + use.macro + "', used here"});
    const Macro& macro = macros_.at(use.macro);
    for (const Problems* problems : {&macro.problems, &macro.meaning}) {
      for (Diagnostic problem : *problems) {
        problem.remarks.insert(problem.remarks.end(), chain.rbegin(), chain.rend());
        out.push_back(std::move(problem));
      }
    }
    AddMacroProblems(macro.uses, seen, chain, out);
    chain.pop_back();
  }
}

void Resolver::MarkUsed(const std::vector<Use>& uses, bool skipped) {
  std::vector<const Use*> open;
  for (const Use& use : uses) open.push_back(&use);
  while (!open.empty()) {
    Macro& macro = macros_.at(open.back()->macro);
    open.pop_back();
    bool& mark = skipped ? macro.skipped : macro.used;
    if (mark) continue;
    mark = true;
    for (const Use& use : macro.uses) open.push_back(&use);
  }
}

std::optional<Resolver::Measure> Resolver::ExpandAll(std::vector<Expr>& children, Scope& scope) {
  std::optional<Measure> all = Measure{};
  for (Expr& child : children) {
    const auto one = Expand(child, scope);
    if (!one) {
      all.reset();
    } else if (all) {
      all->size += one->size;
      all->depth = std::max(all->depth, one->depth);
    }
    // Before the next is cloned: a few macros that use each other twice would fill the memory.
    if (all && all->size > filter::kMaxTests) {
      scope.problems.push_back({Severity::kError, scope.text.Start(),
                                "the condition with its macros has more than " +
                                    std::to_string(filter::kMaxTests) + " comparisons"});
      return std::nullopt;
    }
  }
  return all;
}

std::optional<Resolver::Measure> Resolver::Expand(Expr& expr, Scope& scope) {
  std::optional<Measure> measure = Measure{1, 0};
  if (std::holds_alternative<MacroName>(expr.node)) {
    measure = ExpandMacro(expr, scope);
  } else if (auto* negation = std::get_if<Not>(&expr.node)) {
    measure = Expand(*negation->child, scope);
  } else if (auto* all = std::get_if<And>(&expr.node)) {
    measure = ExpandAll(all->children, scope);
  } else if (auto* any = std::get_if<Or>(&expr.node)) {
    measure = ExpandAll(any->children, scope);
  }
  if (!measure) return measure;
  if (++measure->depth > filter::kMaxDepth - 10) {
    scope.problems.push_back({Severity::kError, scope.text.Start(),
                              "the condition with its macros is nested too deeply"});
    return std::nullopt;
  }
  return measure;
}

// ---- lists

const std::vector<Literal>& Resolver::ItemsOf(const std::string& list) {
  const auto known = lists_.find(list);
  if (known != lists_.end()) return known->second;
  std::vector<Literal> items;
  open_lists_.insert(list);
  for (const SourceText& item : book_.lists().at(list).items) {
    Literal literal = ToLiteral(item.text);
    // A list that names itself, also by way of others, has its name as an item.
    const bool is_list = !literal.quoted && book_.lists().contains(literal.text) &&
                         !open_lists_.contains(literal.text);
    if (is_list && open_lists_.size() >= kMaxReferences) {
      diagnostics_.Error(item.Start(), "lists are in lists more than " +
                                           std::to_string(kMaxReferences) + " levels deep");
    } else if (is_list) {
      used_lists_.insert(literal.text);
      const std::vector<Literal>& inner = ItemsOf(literal.text);
      if (items.size() + inner.size() <= kMaxYamlNodes) {
        items.insert(items.end(), inner.begin(), inner.end());
      }
    } else {
      items.push_back(std::move(literal));
    }
  }
  open_lists_.erase(list);
  return lists_.emplace(list, std::move(items)).first->second;
}

void Resolver::AppendItems(const std::string& list, filter::Offset at, std::vector<Operand>& out) {
  used_lists_.insert(list);
  for (Literal literal : ItemsOf(list)) {
    literal.at = at;
    out.emplace_back(std::move(literal));
  }
}

void Resolver::SubstituteIn(Comparison& comparison, const SourceText& text, Problems& problems) {
  std::vector<Operand> right;
  for (Operand& operand : comparison.right) {
    const auto* literal = std::get_if<Literal>(&operand);
    if (literal == nullptr || literal->quoted || !book_.lists().contains(literal->text)) {
      if (literal != nullptr && comparison.is_list) WarnOfListName(*literal, text, problems);
      right.push_back(std::move(operand));
      continue;
    }
    const std::size_t before = right.size();
    const Literal name = *literal;
    AppendItems(name.text, name.at, right);
    if (!comparison.is_list && right.size() - before != 1) {
      problems.push_back({Severity::kError, text.At(name.at),
                          "list '" + name.text + "' has " + std::to_string(right.size() - before) +
                              " items; '" + comparison.op + "' takes one value",
                          "write in (" + name.text + ")"});
      right.resize(before);
      right.emplace_back(name);
    }
  }
  comparison.right = std::move(right);
}

// A word that is no list stands for itself; one that looks like a list hardly should.
void Resolver::WarnOfListName(const Literal& literal, const SourceText& text, Problems& problems) {
  if (literal.quoted || literal.text.find('_') == std::string::npos) return;
  const std::string hint = NearestName(literal.text, book_.lists());
  if (hint.empty()) return;
  problems.push_back({Severity::kWarning, text.At(literal.at),
                      "there is no list '" + literal.text + "': it is compared with as text",
                      hint});
}

void Resolver::SubstituteLists(Expr& expr, const SourceText& text, Problems& problems) {
  if (auto* comparison = std::get_if<Comparison>(&expr.node)) {
    SubstituteIn(*comparison, text, problems);
  } else if (auto* negation = std::get_if<Not>(&expr.node)) {
    SubstituteLists(*negation->child, text, problems);
  } else if (auto* all = std::get_if<And>(&expr.node)) {
    for (Expr& child : all->children) SubstituteLists(child, text, problems);
  } else if (auto* any = std::get_if<Or>(&expr.node)) {
    for (Expr& child : any->children) SubstituteLists(child, text, problems);
  }
}

// ---- rules

std::optional<Expr> Resolver::Condition(const RuleSpec& rule, Problems& problems) {
  auto expr = ParseText(rule.condition, problems, problems);
  if (!expr) return std::nullopt;
  std::vector<Use> uses;
  Scope scope{rule.condition, std::numeric_limits<std::size_t>::max(), problems, uses};
  const auto measure = Expand(*expr, scope);
  std::set<std::string> seen;
  std::vector<Remark> chain;
  AddMacroProblems(uses, seen, chain, problems);
  MarkUsed(uses, /*skipped=*/false);
  And with_exceptions;
  with_exceptions.children.push_back(std::move(*expr));
  for (const ExceptionItem& item : rule.exceptions) {
    auto exception = Exception(item, problems);
    if (exception) with_exceptions.children.push_back(std::move(*exception));
  }
  if (!measure || HasError(problems)) return std::nullopt;
  if (with_exceptions.children.size() == 1) return std::move(with_exceptions.children[0]);
  return Expr{std::move(with_exceptions)};
}

void Resolver::Skip(const RuleSpec& rule) {
  Problems ignored;
  auto expr = ParseText(rule.condition, ignored, ignored);
  if (!expr) return;
  std::vector<Use> uses;
  Scope scope{rule.condition, std::numeric_limits<std::size_t>::max(), ignored, uses};
  Expand(*expr, scope);
  MarkUsed(uses, /*skipped=*/true);
  for (const ExceptionItem& item : rule.exceptions) Exception(item, ignored);
}

void Resolver::CheckUnused() {
  for (auto& [name, macro] : macros_) {
    if (macro.used) continue;
    Expanded(name);
    for (Diagnostic& problem : macro.problems) diagnostics_.Add(std::move(problem));
    if (macro.skipped) continue;
    for (Diagnostic& problem : macro.meaning) {
      problem.severity = Severity::kWarning;
      problem.message += ", in a macro that no rule uses";
      diagnostics_.Add(std::move(problem));
    }
  }
}

void Resolver::WarnUnused() {
  for (const auto& [name, macro] : macros_) {
    if (macro.used || macro.skipped) continue;
    diagnostics_.Warning(book_.macros().at(name).name.Start(), "macro '" + name + "' is not used");
  }
  for (const auto& [name, list] : book_.lists()) {
    if (used_lists_.contains(name)) continue;
    diagnostics_.Warning(list.name.Start(), "list '" + name + "' is not used");
  }
}

}  // namespace nezuban::ruleset
