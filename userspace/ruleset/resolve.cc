// SPDX-License-Identifier: Apache-2.0
#include "ruleset/resolve.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "filter/check.h"
#include "filter/compile.h"
#include "filter/lexer.h"
#include "filter/parser.h"

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

Diagnostic Placed(const filter::Problem& problem, const SourceText& text) {
  return {problem.severity, text.At(problem.at), problem.message, problem.hint};
}

bool HasError(const std::vector<Diagnostic>& problems) {
  return std::ranges::any_of(problems,
                             [](const Diagnostic& d) { return d.severity == Severity::kError; });
}

template <typename Map>
std::string NearestName(std::string_view name, const Map& map) {
  std::vector<std::string_view> names;
  for (const auto& [key, value] : map) names.push_back(key);
  return NearestHint(name, names);
}

// An item with quotes of its own stands for what is in them.
Literal ToLiteral(const std::string& text) {
  filter::Lexer lexer(text);
  Literal literal;
  std::string error;
  if (lexer.Quoted(literal.text, error) && lexer.AtEnd()) {
    literal.quoted = true;
    return literal;
  }
  return {text, false, 0};
}

}  // namespace

Resolver::Resolver(const RuleBook& book, Diagnostics& diagnostics)
    : book_(book), diagnostics_(diagnostics) {
  for (const auto& [name, spec] : book_.macros()) macros_.emplace(name, Macro{});
}

std::optional<Expr> Resolver::ParseAndCheck(const SourceText& text, Problems& problems) {
  auto expr = filter::Parse(text.text);
  if (!expr) {
    problems.push_back(Placed(expr.error(), text));
    return std::nullopt;
  }
  SubstituteLists(*expr, text, problems);
  std::vector<filter::Problem> found;
  filter::Check(*expr, found);
  for (const filter::Problem& problem : found) problems.push_back(Placed(problem, text));
  return std::move(*expr);
}

// ---- macros

const Resolver::Macro& Resolver::Expanded(const std::string& name) {
  Macro& macro = macros_.at(name);
  if (macro.state != Macro::State::kNew) return macro;
  macro.state = Macro::State::kOpen;
  ++open_macros_;
  const MacroSpec& spec = book_.macros().at(name);
  Problems problems;
  auto expr = ParseAndCheck(spec.condition, problems);
  if (expr) {
    const auto measure = Expand(*expr, spec.condition, problems);
    if (measure && !HasError(problems)) {
      macro.expr = std::move(*expr);
      macro.size = measure->size;
      macro.depth = measure->depth;
    }
  }
  macro.state = Macro::State::kDone;
  --open_macros_;
  for (Diagnostic& problem : problems) diagnostics_.Add(std::move(problem));
  return macro;
}

std::optional<Resolver::Measure> Resolver::ExpandMacro(Expr& expr, const SourceText& text,
                                                       Problems& problems) {
  const MacroName name = std::get<MacroName>(expr.node);
  const auto fail = [&](std::string message, std::string hint = {}) {
    problems.push_back({Severity::kError, text.At(name.at), std::move(message), std::move(hint)});
    return std::nullopt;
  };
  if (!macros_.contains(name.name)) {
    return fail("undefined macro '" + name.name + "'", NearestName(name.name, macros_));
  }
  if (open_macros_ >= kMaxReferences) {
    return fail("macros use each other more than " + std::to_string(kMaxReferences) +
                " levels deep");
  }
  const Macro& macro = Expanded(name.name);
  if (macro.state == Macro::State::kOpen) {
    return fail("macro '" + name.name + "' refers to itself");
  }
  if (!macro.expr) return std::nullopt;  // reported where the macro stands
  expr = Clone(*macro.expr);
  return Measure{macro.size, macro.depth};
}

std::optional<Resolver::Measure> Resolver::ExpandAll(std::vector<Expr>& children,
                                                     const SourceText& text, Problems& problems) {
  std::optional<Measure> all = Measure{};
  for (Expr& child : children) {
    const auto one = Expand(child, text, problems);
    if (!one) {
      all.reset();
    } else if (all) {
      all->size += one->size;
      all->depth = std::max(all->depth, one->depth);
    }
    // Before the next is cloned: a few macros that use each other twice would fill the memory.
    if (all && all->size > filter::kMaxTests) {
      problems.push_back({Severity::kError,
                          text.Start(),
                          "the condition with its macros has more than " +
                              std::to_string(filter::kMaxTests) + " comparisons",
                          {}});
      return std::nullopt;
    }
  }
  return all;
}

std::optional<Resolver::Measure> Resolver::Expand(Expr& expr, const SourceText& text,
                                                  Problems& problems) {
  std::optional<Measure> measure = Measure{1, 0};
  if (std::holds_alternative<MacroName>(expr.node)) {
    measure = ExpandMacro(expr, text, problems);
  } else if (auto* negation = std::get_if<Not>(&expr.node)) {
    measure = Expand(*negation->child, text, problems);
  } else if (auto* all = std::get_if<And>(&expr.node)) {
    measure = ExpandAll(all->children, text, problems);
  } else if (auto* any = std::get_if<Or>(&expr.node)) {
    measure = ExpandAll(any->children, text, problems);
  }
  if (!measure) return measure;
  if (++measure->depth > filter::kMaxDepth - 10) {
    problems.push_back(
        {Severity::kError, text.Start(), "the condition with its macros is nested too deeply", {}});
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

// ---- exceptions

namespace {

// "startswith anyof" → the operator's row and the modifier; nullptr if there is no such operator.
const filter::OperatorDef* ParseComp(std::string_view comp, filter::Modifier& modifier) {
  static constexpr std::pair<std::string_view, filter::Modifier> kModifiers[] = {
      {" oneof", filter::Modifier::kOneOf},
      {" anyof", filter::Modifier::kAnyOf},
      {" allof", filter::Modifier::kAllOf}};
  comp = Trim(comp);
  for (const auto& [word, value] : kModifiers) {
    if (!comp.ends_with(word)) continue;
    modifier = value;
    comp = Trim(comp.substr(0, comp.size() - word.size()));
  }
  return filter::FindOperator(comp);
}

// A value of an exception: a literal, val(field) or another call, or "(a, b)".
void AppendValue(const std::string& text, std::vector<Operand>& right) {
  if (auto operand = filter::ParseOperand(text, /*right_side=*/true);
      operand && text.find('(') != std::string::npos) {
    if (std::holds_alternative<filter::Call>(*operand)) {
      right.push_back(std::move(*operand));
      return;
    }
    if (auto* list = std::get_if<std::vector<Operand>>(&*operand)) {
      for (Operand& one : *list) right.push_back(std::move(one));
      return;
    }
  }
  right.emplace_back(ToLiteral(text));
}

}  // namespace

std::optional<Expr> Resolver::ExceptionTerm(const ExceptionItem& item, std::size_t i,
                                            const ExceptionTuple::Element& element,
                                            Problems& problems) {
  const SourceText& field = item.fields[i];
  const auto fail = [&](const SourceText& at, const std::string& message) {
    problems.push_back(
        {Severity::kError, at.Start(), "exception '" + item.name.text + "': " + message, {}});
    return std::nullopt;
  };
  auto left = filter::ParseOperand(field.text);
  if (!left || std::holds_alternative<Literal>(*left)) {
    return fail(field, "'" + field.text + "' is not a field");
  }
  Comparison comparison{.left = std::move(*left)};
  const filter::OperatorDef* op = ParseComp(item.comps[i].text, comparison.modifier);
  if (op == nullptr || op->right == filter::RightSide::kNone) {
    return fail(item.comps[i], "unknown operator '" + item.comps[i].text + "'");
  }
  comparison.op = op->spelling;
  comparison.is_list =
      op->right == filter::RightSide::kList || comparison.modifier != filter::Modifier::kNone;
  if (item.scalar_form && !comparison.is_list) {
    return fail(item.comps[i],
                "one field takes an operator for lists, not '" + comparison.op + "'");
  }
  for (const SourceText& value : element.values) AppendValue(value.text, comparison.right);
  if (!comparison.is_list && comparison.right.size() != 1) {
    return fail(field, "'" + comparison.op + "' takes one value");
  }
  Expr expr{std::move(comparison)};
  const SourceText& at = element.values.empty() ? field : element.values.front();
  SubstituteLists(expr, at, problems);
  std::vector<filter::Problem> found;
  filter::Check(expr, found);
  for (filter::Problem& problem : found) {
    problem.at = 0;  // offsets are of values that have texts of their own
    problems.push_back(Placed(problem, at));
  }
  return expr;
}

std::optional<Expr> Resolver::Exception(const ExceptionItem& item, Problems& problems) {
  Or any;
  for (const ExceptionTuple& tuple : item.tuples) {
    And all;
    for (std::size_t i = 0; i < tuple.elements.size(); ++i) {
      auto term = ExceptionTerm(item, i, tuple.elements[i], problems);
      if (!term) return std::nullopt;
      all.children.push_back(std::move(*term));
    }
    any.children.push_back(Expr{std::move(all)});
  }
  return Expr{Not{std::make_unique<Expr>(Expr{std::move(any)})}};
}

std::optional<Expr> Resolver::Condition(const RuleSpec& rule, Problems& problems) {
  auto expr = ParseAndCheck(rule.condition, problems);
  if (!expr) return std::nullopt;
  const auto measure = Expand(*expr, rule.condition, problems);
  And with_exceptions;
  with_exceptions.children.push_back(std::move(*expr));
  for (const ExceptionItem& item : rule.exceptions) {
    if (item.tuples.empty()) continue;
    auto exception = Exception(item, problems);
    if (exception) with_exceptions.children.push_back(std::move(*exception));
  }
  if (!measure || HasError(problems)) return std::nullopt;
  if (with_exceptions.children.size() == 1) return std::move(with_exceptions.children[0]);
  return Expr{std::move(with_exceptions)};
}

void Resolver::WarnUnused() {
  for (const auto& [name, macro] : macros_) {
    if (macro.state != Macro::State::kNew) continue;
    Expanded(name);  // its errors are told all the same
    diagnostics_.Warning(book_.macros().at(name).name.Start(), "macro '" + name + "' is not used");
  }
  for (const auto& [name, list] : book_.lists()) {
    if (used_lists_.contains(name)) continue;
    diagnostics_.Warning(list.name.Start(), "list '" + name + "' is not used");
  }
}

}  // namespace nezuban::ruleset
