// SPDX-License-Identifier: Apache-2.0
#include "filter/parser.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "filter/functions.h"
#include "filter/lexer.h"
#include "filter/operators.h"

namespace nezuban::filter {
namespace {

template <typename T>
using Parsed = tl::expected<T, Problem>;

class [[nodiscard]] Depth {
 public:
  explicit Depth(int& depth) : depth_(depth) { ++depth_; }
  Depth(const Depth&) = delete;
  Depth& operator=(const Depth&) = delete;
  ~Depth() { --depth_; }
  bool exceeded() const { return depth_ > kMaxParseDepth; }

 private:
  int& depth_;
};

class Parser {
 public:
  explicit Parser(std::string_view text) : in_(text) {}

  Parsed<Expr> Condition() {
    auto expr = OrExpr();
    if (!expr) return expr;
    in_.SkipBlanks();
    if (!in_.AtEnd()) return Fail("expected 'and', 'or' or the end of the condition");
    return expr;
  }

  Parsed<Operand> WholeOperand(bool right_side) {
    auto operand = OneOperand(right_side);
    if (operand && !in_.AtEnd()) return Fail("expected the end");
    return operand;
  }

 private:
  tl::unexpected<Problem> Fail(std::string message, std::string hint = {}) const {
    return FailAt(in_.at(), std::move(message), std::move(hint));
  }
  static tl::unexpected<Problem> FailAt(std::size_t at, std::string message,
                                        std::string hint = {}) {
    return tl::unexpected(
        Problem{Severity::kError, static_cast<Offset>(at), std::move(message), std::move(hint)});
  }
  tl::unexpected<Problem> TooDeep() const {
    return Fail("nested more than " + std::to_string(kMaxParseDepth) + " levels deep");
  }
  Offset Here() {
    in_.SkipBlanks();
    return static_cast<Offset>(in_.at());
  }

  template <typename Node, typename Next>
  Parsed<Expr> Chain(std::string_view word, Next next) {
    auto first = (this->*next)();
    if (!first || !in_.TakeWord(word)) return first;
    Node node;
    node.children.push_back(std::move(*first));
    do {
      auto child = (this->*next)();
      if (!child) return child;
      node.children.push_back(std::move(*child));
    } while (in_.TakeWord(word));
    return Expr{std::move(node)};
  }

  Parsed<Expr> OrExpr() { return Chain<Or>("or", &Parser::AndExpr); }
  Parsed<Expr> AndExpr() { return Chain<And>("and", &Parser::NotExpr); }

  // A run of nots is counted, not nested: two of them cancel.
  Parsed<Expr> NotExpr() {
    bool negated = false;
    while (TakeNot()) negated = !negated;
    auto child = Primary();
    if (!child || !negated) return child;
    return Expr{Not{std::make_unique<Expr>(std::move(*child))}};
  }

  // "not" at the very end is the macro of that name.
  bool TakeNot() {
    const std::size_t before = in_.at();
    if (!in_.TakeWord("not")) return false;
    in_.SkipBlanks();
    if (!in_.AtEnd()) return true;
    in_.Seek(before);
    return false;
  }

  Parsed<Expr> Primary() {
    const Depth depth(depth_);
    if (depth.exceeded()) return TooDeep();
    if (in_.Take("(")) {
      auto expr = OrExpr();
      if (!expr) return expr;
      if (!in_.Take(")")) return Fail("expected ')'");
      return expr;
    }
    const Offset at = Here();
    const auto name = in_.DottedName();
    if (!name)
      return Fail(in_.AtEnd() ? "the condition ends too early"
                              : "expected a field, a macro or '('");
    if (in_.rest().starts_with("(")) {
      auto call = CallAfter(*name, at, /*right_side=*/false);
      if (!call) return tl::unexpected(call.error());
      return ComparisonOf(Operand(std::move(*call)));
    }
    if (name->find('.') == std::string_view::npos) return MacroOrMistake(*name, at);
    auto field = FieldAfter(*name, at);
    if (!field) return tl::unexpected(field.error());
    return ComparisonOf(Operand(std::move(*field)));
  }

  Parsed<Expr> MacroOrMistake(std::string_view name, Offset at) {
    const std::size_t before = in_.at();
    in_.SkipBlanks();
    if (FindOperatorHere() != nullptr) {
      return FailAt(at,
                    "'" + std::string(name) + "' is not a field: fields have a dot in their name");
    }
    in_.Seek(before);
    return Expr{MacroName{std::string(name), at}};
  }

  // REQUIRES: `name` is what was just read.
  Parsed<FieldName> FieldAfter(std::string_view name, Offset at) {
    FieldName field{.name = std::string(name), .at = at};
    if (!in_.rest().starts_with("[")) return field;
    auto argument = Bracketed();
    if (!argument) return tl::unexpected(argument.error());
    field.argument = std::move(*argument);
    field.has_argument = true;
    return field;
  }

  // "[" QUOTED or ARGUMENT "]"; the bracket is next.
  Parsed<std::string> Bracketed() {
    in_.Take("[");
    std::string argument;
    std::string error;
    if (in_.Quoted(argument, error)) {
    } else if (!error.empty()) {
      return Fail(error);
    } else if (const auto bare = in_.BareArgument()) {
      argument = *bare;
    } else {
      return Fail("expected an argument between the brackets");
    }
    if (!in_.Take("]")) return Fail("expected ']'");
    return argument;
  }

  Parsed<Call> CallAfter(std::string_view name, Offset at, bool right_side) {
    const Depth depth(depth_);
    if (depth.exceeded()) return TooDeep();
    const bool val = name == "val";
    const FunctionDef* function = FindFunction(name);
    if (val ? !right_side : function == nullptr) {
      return FailAt(at,
                    val ? "val() can only stand on the right side of an operator"
                        : "unknown function '" + std::string(name) + "'",
                    val ? "" : NearestHint(name, FunctionNames()));
    }
    Call call{.function = std::string(name), .at = at};
    auto arguments = OperandList(val);
    if (!arguments) return tl::unexpected(arguments.error());
    call.arguments = std::move(*arguments);
    if (val &&
        (call.arguments.size() != 1 || !std::holds_alternative<FieldName>(call.arguments[0]))) {
      return FailAt(at, "val() takes one field");
    }
    if (function != nullptr && function->takes_key && in_.rest().starts_with("[")) {
      auto key = Bracketed();
      if (!key) return tl::unexpected(key.error());
      call.key = std::move(*key);
      call.has_key = true;
    }
    return call;
  }

  // "(" operand, operand ")"; the parenthesis is next.
  Parsed<std::vector<Operand>> OperandList(bool fields_only) {
    in_.Take("(");
    std::vector<Operand> operands;
    if (in_.Take(")")) return operands;
    do {
      if (fields_only && in_.rest().find('(') == 0) return Fail("val() takes one field");
      auto operand = OneOperand();
      if (!operand) return tl::unexpected(operand.error());
      operands.push_back(std::move(*operand));
    } while (in_.Take(","));
    if (!in_.Take(")")) return Fail("expected ',' or ')'");
    return operands;
  }

  Parsed<Operand> OneOperand(bool right_side = false) {
    const Depth depth(depth_);
    if (depth.exceeded()) return TooDeep();
    const Offset at = Here();
    if (in_.rest().starts_with("(")) {
      auto list = OperandList(false);
      if (!list) return tl::unexpected(list.error());
      return Operand(std::move(*list));
    }
    if (const auto name = in_.DottedName()) {
      if (in_.rest().starts_with("(")) {
        auto call = CallAfter(*name, at, right_side);
        if (!call) return tl::unexpected(call.error());
        return Operand(std::move(*call));
      }
      if (name->find('.') != std::string_view::npos) {
        auto field = FieldAfter(*name, at);
        if (!field) return tl::unexpected(field.error());
        return Operand(std::move(*field));
      }
      in_.Seek(at);
    }
    auto literal = String();
    if (!literal) return tl::unexpected(literal.error());
    return Operand(std::move(*literal));
  }

  Parsed<Literal> String() {
    Literal literal{.at = Here()};
    std::string error;
    if (in_.Quoted(literal.text, error)) {
      literal.quoted = true;
      return literal;
    }
    if (!error.empty()) return Fail(error);
    const auto bare = in_.BareWord();
    if (!bare) return Fail("expected a value");
    literal.text = *bare;
    return literal;
  }

  // The operator that stands here, not taken: the longest spelling in the table's order of kinds.
  const OperatorDef* FindOperatorHere() {
    in_.SkipBlanks();
    const std::size_t at = in_.at();
    for (const OperatorDef& op : OperatorTable()) {
      const bool found = op.needs_blank ? in_.TakeWordBlank(op.spelling) : in_.Take(op.spelling);
      in_.Seek(at);
      if (found) return &op;
    }
    return nullptr;
  }

  Parsed<Expr> ComparisonOf(Operand left) {
    Comparison comparison{.left = std::move(left), .op_at = Here()};
    const OperatorDef* op = FindOperatorHere();
    if (op == nullptr) return Fail("expected an operator", OperatorHint());
    in_.Take(op->spelling);
    comparison.op = op->spelling;
    if (op->right == RightSide::kNone) return Expr{std::move(comparison)};
    auto done = RightOf(*op, comparison);
    if (!done) return tl::unexpected(done.error());
    return Expr{std::move(comparison)};
  }

  std::string OperatorHint() {
    const std::size_t at = in_.at();
    const auto word = in_.BareWord();
    in_.Seek(at);
    return word ? NearestHint(*word, OperatorSpellings()) : "";
  }

  Parsed<void> RightOf(const OperatorDef& op, Comparison& comparison) {
    if (op.right == RightSide::kString && TakeModifier(comparison)) return ListOrName(comparison);
    const Offset at = Here();
    if (const auto name = in_.Identifier()) {
      if (in_.rest().starts_with("(")) {
        auto call = CallAfter(*name, at, /*right_side=*/true);
        if (!call) return tl::unexpected(call.error());
        comparison.right.emplace_back(std::move(*call));
        return {};
      }
      in_.Seek(at);
    }
    if (op.right == RightSide::kList) return ListOrName(comparison);
    return op.right == RightSide::kNumber ? NumberOf(comparison) : StringOf(comparison);
  }

  Parsed<void> NumberOf(Comparison& comparison) {
    const Offset at = Here();
    const auto number = in_.Number();
    if (!number) return Fail("expected a number");
    comparison.right.emplace_back(Literal{std::string(*number), false, at});
    return {};
  }

  Parsed<void> StringOf(Comparison& comparison) {
    auto literal = String();
    if (!literal) return tl::unexpected(literal.error());
    comparison.right.emplace_back(std::move(*literal));
    return {};
  }

  // "oneof" and so on are values themselves unless a list or a name follows.
  bool TakeModifier(Comparison& comparison) {
    static constexpr std::pair<std::string_view, Modifier> kModifiers[] = {
        {"oneof", Modifier::kOneOf}, {"anyof", Modifier::kAnyOf}, {"allof", Modifier::kAllOf}};
    const std::size_t before = in_.at();
    for (const auto& [word, modifier] : kModifiers) {
      if (!in_.TakeWord(word)) continue;
      in_.SkipBlanks();
      const std::size_t after = in_.at();
      const bool joined = in_.TakeWord("and") || in_.TakeWord("or");
      in_.Seek(after);
      if (in_.rest().starts_with("(") || (!joined && in_.Identifier())) {
        in_.Seek(after);
        comparison.modifier = modifier;
        return true;
      }
      in_.Seek(before);
      return false;
    }
    return false;
  }

  Parsed<void> ListOrName(Comparison& comparison) {
    comparison.is_list = true;
    const Offset at = Here();
    if (!in_.Take("(")) {
      const auto name = in_.Identifier();
      if (!name) return Fail("expected '(' or the name of a list");
      comparison.right.emplace_back(Literal{std::string(*name), false, at});
      return {};
    }
    if (in_.Take(")")) return {};
    do {
      auto done = StringOf(comparison);
      if (!done) return done;
    } while (in_.Take(","));
    if (!in_.Take(")")) return Fail("expected ',' or ')'");
    return {};
  }

  Lexer in_;
  int depth_ = 0;
};

tl::unexpected<Problem> TooLong() {
  return tl::unexpected(Problem{Severity::kError, 0, "longer than 1 MiB", {}});
}

}  // namespace

tl::expected<Expr, Problem> Parse(std::string_view condition) {
  if (condition.size() > kMaxConditionBytes) return TooLong();
  return Parser(condition).Condition();
}

tl::expected<Operand, Problem> ParseOperand(std::string_view text, bool right_side) {
  if (text.size() > kMaxConditionBytes) return TooLong();
  return Parser(text).WholeOperand(right_side);
}

}  // namespace nezuban::filter
