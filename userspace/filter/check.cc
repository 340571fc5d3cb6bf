// SPDX-License-Identifier: Apache-2.0
#include "filter/check.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/text.h"
#include "event/event.h"
#include "fields/fields.h"
#include "filter/syscall_names.h"

namespace nezuban::filter {
namespace {

using fields::Several;
using fields::Type;
using fields::Value;

// oneof, anyof, allof: how many of the operands must match.
class ModifierMatcher final : public Matcher {
 public:
  ModifierMatcher(Modifier modifier, std::vector<MatcherPtr> operands)
      : modifier_(modifier), operands_(std::move(operands)) {}

  Truth Match(const Value& value) const noexcept override {
    std::size_t yes = 0;
    std::size_t unknown = 0;
    for (const MatcherPtr& operand : operands_) {
      const Truth truth = operand->Match(value);
      yes += truth == Truth::kTrue;
      unknown += truth == Truth::kUnknown;
    }
    if (operands_.empty()) return Truth::kFalse;
    if (modifier_ == Modifier::kAllOf) return Decided(yes, unknown, operands_.size());
    if (modifier_ == Modifier::kAnyOf) return yes > 0 ? Truth::kTrue : Decided(yes, unknown, 1);
    if (yes > 1) return Truth::kFalse;
    return unknown > 0 ? Truth::kUnknown : FromBool(yes == 1);
  }

 private:
  static Truth Decided(std::size_t yes, std::size_t unknown, std::size_t wanted) {
    if (yes >= wanted) return Truth::kTrue;
    return yes + unknown >= wanted ? Truth::kUnknown : Truth::kFalse;
  }

  Modifier modifier_;
  std::vector<MatcherPtr> operands_;
};

class TestMaker {
 public:
  TestMaker(const Comparison& comparison, std::vector<Problem>& problems)
      : comparison_(comparison), problems_(problems) {}

  std::optional<Test> Make() {
    auto left = MakeTerm(comparison_.left);
    if (!left) return Fail(left.error());
    test_.left = std::move(*left);
    test_.op = FindOperator(comparison_.op);
    CHECK(test_.op != nullptr);
    test_.text = ToString(comparison_);
    if (!GoesWithOperator()) {
      const bool list = test_.left.several == Several::kList;
      return Fail(comparison_.op_at, "operator '" + comparison_.op + "' does not go with " +
                                         ToString(comparison_.left) + ", which is " +
                                         (list ? "a list of " : "") +
                                         std::string(fields::TypeName(test_.left.type)));
    }
    SetQuantifier();
    WarnOfFields(comparison_.left);
    if (test_.op->right == RightSide::kNone) return std::move(test_);
    const bool literals = std::ranges::all_of(
        comparison_.right, [](const Operand& o) { return std::holds_alternative<Literal>(o); });
    return literals ? WithLiterals() : WithTerm();
  }

 private:
  std::nullopt_t Fail(Problem problem) {
    problems_.push_back(std::move(problem));
    return std::nullopt;
  }
  std::nullopt_t Fail(Offset at, std::string message, std::string hint = {}) {
    return Fail(Problem{Severity::kError, at, std::move(message), std::move(hint)});
  }

  bool GoesWithOperator() const {
    if (std::holds_alternative<std::vector<Term>>(test_.left.node)) return false;
    if (test_.left.several == Several::kList && (test_.op->types & kLists) == 0) return false;
    return (test_.op->types & TypeBit(test_.left.type)) != 0;
  }

  // Either end: both must differ. Lists: `in` asks of every element, so it holds for an empty one.
  void SetQuantifier() {
    if (test_.left.several == Several::kEitherEnd) test_.all = comparison_.op == "!=";
    if (test_.left.several != Several::kList) return;
    test_.all = comparison_.op == "in";
    if (comparison_.op != "intersects") test_.of_none = Truth::kTrue;
  }

  // Fields that are there for the sake of old rules, or that nothing can answer.
  void WarnOfFields(const Operand& operand) {
    if (const auto* name = std::get_if<FieldName>(&operand)) {
      std::optional<std::string_view> argument;
      if (name->has_argument) argument = name->argument;
      const auto ref = fields::ResolveField(name->name, argument);
      auto caveat = ref ? fields::Caveat(*ref) : std::nullopt;
      if (caveat) Warn(name->at, std::move(caveat->message), std::move(caveat->hint));
    } else if (const auto* call = std::get_if<Call>(&operand)) {
      for (const Operand& one : call->arguments) WarnOfFields(one);
    } else if (const auto* list = std::get_if<std::vector<Operand>>(&operand)) {
      for (const Operand& one : *list) WarnOfFields(one);
    }
  }

  void Warn(Offset at, std::string message, std::string hint) {
    problems_.push_back({Severity::kWarning, at, std::move(message), std::move(hint)});
  }

  std::optional<Test> WithTerm() {
    auto right = MakeTerm(comparison_.right.at(0));
    if (!right) return Fail(right.error());
    const std::string name = ToString(comparison_.right[0]);
    if (test_.op->compare == nullptr) {
      return Fail(comparison_.op_at,
                  "operator '" + comparison_.op + "' takes no field on its right");
    }
    if (!Comparable(test_.left) || !Comparable(*right)) {
      return Fail(comparison_.op_at, ToString(comparison_.left) + " and " + name +
                                         " can't be compared with each other");
    }
    if (TextLike(right->type) != TextLike(test_.left.type)) {
      return Fail(comparison_.op_at, ToString(comparison_.left) + " is " +
                                         std::string(fields::TypeName(test_.left.type)) + ", " +
                                         name + " is " +
                                         std::string(fields::TypeName(right->type)));
    }
    WarnOfFields(comparison_.right[0]);
    test_.right = std::move(*right);
    return std::move(test_);
  }

  static Type TextLike(Type type) { return type == Type::kEventName ? Type::kText : type; }

  static bool Comparable(const Term& term) {
    const auto* field = term.field();
    if (field != nullptr &&
        (field->def->several != Several::kNo || field->def->type == Type::kOfArgument)) {
      return false;
    }
    return term.several == Several::kNo && term.type != Type::kNet && term.type != Type::kNear &&
           term.type != Type::kHostName && !std::holds_alternative<std::vector<Term>>(term.node);
  }

  std::optional<Test> WithLiterals() {
    std::vector<Constant> constants;
    WarnOfEvents();
    WarnOfRegex();
    for (const Operand& operand : comparison_.right) {
      const auto& literal = std::get<Literal>(operand);
      CheckMeaning(literal);
      auto constant = ToConstant(test_.left.type, literal.text);
      if (!constant) return Fail(literal.at, constant.error() + Wanted());
      if (!IsKnownEvent(literal)) return std::nullopt;
      constants.push_back(std::move(*constant));
    }
    auto matcher = MatcherOf(constants);
    if (!matcher) return Fail(comparison_.op_at, matcher.error());
    test_.matcher = std::move(*matcher);
    test_.keys = KeysOf(constants);
    return std::move(test_);
  }

  // The type of an event is no choice of an index: rules are sorted by it before.
  std::vector<IndexKey> KeysOf(const std::vector<Constant>& constants) const {
    if (test_.op->key == nullptr || test_.all || test_.left.type == Type::kEventName) return {};
    std::vector<IndexKey> keys;
    for (const Constant& constant : constants) {
      auto key = test_.op->key(constant);
      if (comparison_.modifier == Modifier::kAllOf) {  // any one of them will do
        if (!key) continue;
        key->decides = false;
        return {std::move(*key)};
      }
      if (!key) return {};
      key->decides = key->decides && comparison_.modifier != Modifier::kOneOf;
      keys.push_back(std::move(*key));
    }
    return keys;
  }

  std::string Wanted() const {
    return ", which " + ToString(comparison_.left) + " is compared with";
  }

  tl::expected<MatcherPtr, std::string> MatcherOf(const std::vector<Constant>& constants) const {
    if (comparison_.modifier == Modifier::kNone) {
      if (test_.op->make_list != nullptr) return test_.op->make_list(constants);
      CHECK(constants.size() == 1);
      return test_.op->make_one(constants[0]);
    }
    std::vector<MatcherPtr> operands;
    for (const Constant& constant : constants) {
      auto operand = test_.op->make_one(constant);
      if (!operand) return operand;
      operands.push_back(std::move(*operand));
    }
    return MatcherPtr(std::make_unique<ModifierMatcher>(comparison_.modifier, std::move(operands)));
  }

  // Whether the literals are whole names of events; with other operators they may be anything.
  bool NamesEvents() const {
    const auto* field = test_.left.field();
    if (field == nullptr || field->def->type != Type::kEventName) return false;
    return comparison_.op == "=" || comparison_.op == "==" || comparison_.op == "!=" ||
           comparison_.op == "in" || comparison_.op == "intersects";
  }

  // Equality with a name that no event has is a slip.
  bool IsKnownEvent(const Literal& literal) {
    if (!NamesEvents() || IsEventName(literal.text)) return true;
    Fail(literal.at, "unknown event '" + literal.text + "'",
         NearestHint(literal.text, kSyscallNames));
    return false;
  }

  // Events of the language that no sensor captures yet. One warning tells of all of them.
  void WarnOfEvents() {
    if (!NamesEvents() || comparison_.op == "!=") return;
    std::string names;
    Offset at = 0;
    for (const Operand& operand : comparison_.right) {
      const auto& literal = std::get<Literal>(operand);
      if (event::FindEvent(literal.text) || !IsEventName(literal.text)) continue;
      if (names.empty()) at = literal.at;
      names += (names.empty() ? "" : ", ") + literal.text;
    }
    if (!names.empty()) Warn(at, "never occurs, because it is not captured yet: " + names, {});
  }

  // A pattern that says no more than a plain comparison, which is faster and easier to read.
  void WarnOfRegex() {
    if (comparison_.op != "regex") return;
    for (const Operand& operand : comparison_.right) {
      const auto& literal = std::get<Literal>(operand);
      std::string_view core = literal.text;
      const bool before = core.starts_with(".*");
      if (before) core.remove_prefix(2);
      const bool after = core.ends_with(".*");
      if (after) core.remove_suffix(2);
      if (core.find_first_of(R"(.*+?[](){}|^$\)") != std::string_view::npos) continue;
      const char* simpler = before && after ? "contains"
                            : before        ? "endswith"
                            : after         ? "startswith"
                                            : "=";
      Warn(literal.at, "a regular expression is not needed here",
           std::string(simpler) + " does the same");
    }
  }

  // proc.name = proc.pname compares with the text "proc.pname", which is hardly meant.
  void CheckMeaning(const Literal& literal) {
    if (literal.quoted || literal.text.find('.') == std::string::npos) return;
    if (fields::FindField(literal.text) == nullptr) return;
    problems_.push_back({Severity::kWarning, literal.at,
                         "'" + literal.text + "' is compared with as text, not as a field",
                         "write val(" + literal.text + ") for its value"});
  }

  const Comparison& comparison_;
  std::vector<Problem>& problems_;
  Test test_;
};

}  // namespace

std::optional<Test> MakeTest(const Comparison& comparison, std::vector<Problem>& problems) {
  auto test = TestMaker(comparison, problems).Make();
  if (test) test->events = SplitEvents(*test);
  return test;
}

void Check(const Expr& expr, std::vector<Problem>& problems) {
  if (const auto* comparison = std::get_if<Comparison>(&expr.node)) {
    MakeTest(*comparison, problems);
  } else if (const auto* negation = std::get_if<Not>(&expr.node)) {
    Check(*negation->child, problems);
  } else if (const auto* all = std::get_if<And>(&expr.node)) {
    for (const Expr& child : all->children) Check(child, problems);
  } else if (const auto* any = std::get_if<Or>(&expr.node)) {
    for (const Expr& child : any->children) Check(child, problems);
  }
}

Truth Test::Decide(const Value& left_value, const Value& right_value) const {
  if (!right) {
    return filter::Decide(left_value, all, of_none, [this](const Value& v) {
      return matcher == nullptr ? Truth::kTrue : matcher->Match(v);
    });
  }
  // Absent on either side decides before unknown on the other.
  if (std::holds_alternative<fields::Absent>(right_value)) return Truth::kFalse;
  if (std::holds_alternative<fields::Unknown>(right_value)) {
    return std::holds_alternative<fields::Absent>(left_value) ? Truth::kFalse : Truth::kUnknown;
  }
  return filter::Decide(left_value, all, of_none,
                        [&](const Value& v) { return op->compare(v, right_value); });
}

Truth Test::Evaluate(const fields::FieldSource& source, fields::Arena& arena) const {
  const Value left_value = filter::Evaluate(left, source, arena);
  return Decide(left_value, right ? filter::Evaluate(*right, source, arena) : Value());
}

}  // namespace nezuban::filter
