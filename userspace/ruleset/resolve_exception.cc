// SPDX-License-Identifier: Apache-2.0
// The exceptions of a rule as trees.
#include <array>
#include <utility>

#include "base/text.h"
#include "filter/check.h"
#include "filter/lexer.h"
#include "filter/parser.h"
#include "filter/term.h"
#include "ruleset/resolve.h"
#include "ruleset/resolve_text.h"

namespace nezuban::ruleset {

using filter::And;
using filter::Comparison;
using filter::Expr;
using filter::Literal;
using filter::Not;
using filter::Operand;
using filter::Or;

Diagnostic Placed(const filter::Problem& problem, const SourceText& text) {
  return {problem.severity, text.At(problem.at), problem.message, problem.hint};
}

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
  const filter::OperatorDef* op = filter::FindOperator(comp);
  const bool fits = op != nullptr && (modifier == filter::Modifier::kNone ||
                                      op->right == filter::RightSide::kString);
  return fits ? op : nullptr;
}

// What stands in a list is text, also where it looks like a field.
Literal AsLiteral(const Operand& operand) {
  if (const auto* literal = std::get_if<Literal>(&operand)) return *literal;
  return {ToString(operand), false, 0};
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
      for (const Operand& one : *list) right.emplace_back(AsLiteral(one));
      return;
    }
  }
  right.emplace_back(ToLiteral(text));
}

bool TakesList(const filter::OperatorDef& op, filter::Modifier modifier) {
  return op.right == filter::RightSide::kList || modifier != filter::Modifier::kNone;
}

// Whether a field and its operator are such, also where there are no values yet.
bool CheckColumn(const ExceptionItem& item, std::size_t i, std::vector<Diagnostic>& problems) {
  const SourceText& field = item.fields[i];
  const SourceText& comp = item.comps[i];
  const auto fail = [&](const SourceText& at, const std::string& message, std::string hint = {}) {
    problems.push_back({Severity::kError, at.Start(), item.Named() + message, std::move(hint)});
    return false;
  };
  const auto left = filter::ParseOperand(field.text);
  if (!left || std::holds_alternative<Literal>(*left)) {
    return fail(field, "'" + field.text + "' is not a field");
  }
  if (const auto term = filter::MakeTerm(*left); !term) {
    problems.push_back({Severity::kError, field.Start(), term.error().message, term.error().hint});
    return false;
  }
  filter::Modifier modifier = filter::Modifier::kNone;
  const filter::OperatorDef* op = ParseComp(comp.text, modifier);
  if (op == nullptr || op->right == filter::RightSide::kNone) {
    return fail(comp, "unknown operator '" + comp.text + "'",
                NearestHint(comp.text, filter::OperatorSpellings()));
  }
  if (item.scalar_form && !TakesList(*op, modifier)) {
    return fail(comp,
                "one field takes an operator for lists, not '" + std::string(op->spelling) + "'",
                "write fields: [" + field.text + "] for tuples of one");
  }
  return true;
}

}  // namespace

std::optional<Expr> Resolver::ExceptionTerm(const ExceptionItem& item, std::size_t i,
                                            const ExceptionTuple::Element& element,
                                            Problems& problems) {
  const SourceText& field = item.fields[i];
  Comparison comparison{.left = *filter::ParseOperand(field.text)};
  const filter::OperatorDef* op = ParseComp(item.comps[i].text, comparison.modifier);
  comparison.op = op->spelling;
  comparison.is_list = TakesList(*op, comparison.modifier);
  for (const SourceText& value : element.values) AppendValue(value.text, comparison.right);
  const SourceText& at = element.values.empty() ? field : element.values.front();
  if (!comparison.is_list && comparison.right.size() != 1) {
    problems.push_back(
        {Severity::kError, at.Start(), item.Named() + "'" + comparison.op + "' takes one value"});
    return std::nullopt;
  }
  Expr expr{std::move(comparison)};
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
  bool good = true;
  for (std::size_t i = 0; i < item.fields.size(); ++i) good &= CheckColumn(item, i, problems);
  if (!good || item.tuples.empty()) return std::nullopt;
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

}  // namespace nezuban::ruleset
