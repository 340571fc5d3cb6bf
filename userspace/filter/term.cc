// SPDX-License-Identifier: Apache-2.0
#include "filter/term.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "fields/fields.h"

namespace nezuban::filter {
namespace {

using fields::Absent;
using fields::FieldSource;
using fields::Several;
using fields::Text;
using fields::Type;
using fields::Unknown;
using fields::Value;
using fields::ValueList;
using MadeTerm = tl::expected<Term, Problem>;

tl::unexpected<Problem> Fail(Offset at, std::string message, std::string hint = {}) {
  return tl::unexpected(Problem{Severity::kError, at, std::move(message), std::move(hint)});
}

MadeTerm FromField(const FieldName& name) {
  std::optional<std::string_view> argument;
  if (name.has_argument) argument = name.argument;
  auto ref = fields::ResolveField(name.name, argument);
  if (!ref) return Fail(name.at, ref.error().message, ref.error().hint);
  const fields::FieldDef& def = *ref->def;
  // With an index, an ancestor is one process and its value one.
  const bool one = ref->argument.kind == fields::Argument::Kind::kIndex;
  const Several several = one && def.several == Several::kAny ? Several::kNo : def.several;
  return Term{*ref, fields::TypeOf(*ref), several};
}

bool IsList(const Term& term) {
  return term.several == Several::kList || std::holds_alternative<std::vector<Term>>(term.node);
}

bool IsText(const Term& term, bool bytes) {
  return term.type == Type::kText || term.type == Type::kEventName ||
         (bytes && term.type == Type::kBytes);
}

bool IsTexts(const Term& list) {
  const auto* terms = std::get_if<std::vector<Term>>(&list.node);
  return terms == nullptr ? IsText(list, false) : std::ranges::all_of(*terms, [](const Term& t) {
    return IsText(t, false) && !IsList(t);
  });
}

std::string Described(const FunctionDef& f) { return "'" + std::string(f.name) + "()'"; }

// Whether argument number `i` is of a kind the function takes.
bool Fits(const FunctionDef& f, std::size_t i, const Term& term) {
  const auto* field = term.field();
  if (field != nullptr) {
    const Several several = field->def->several;
    if (several != Several::kNo && several != Several::kList) return false;
    if (field->def->type == Type::kOfArgument) return false;
  }
  const bool here = f.list != ListKind::kNone && i == static_cast<std::size_t>(f.list_at);
  if (IsList(term)) return here && (f.list != ListKind::kTexts || IsTexts(term));
  return (!here || f.list == ListKind::kOrText) && IsText(term, f.bytes);
}

MadeTerm FromCall(const Call& call) {
  const FunctionDef* f = FindFunction(call.function);
  if (f == nullptr) return MakeTerm(call.arguments.at(0));  // val(): the parser lets no other pass
  const auto count = static_cast<int>(call.arguments.size());
  if (count < f->min_arguments || count > f->max_arguments) {
    return Fail(call.at, Described(*f) + " takes " + std::to_string(f->min_arguments) +
                             (f->max_arguments > f->min_arguments ? " or more" : "") +
                             " arguments, not " + std::to_string(count));
  }
  CallTerm made{f, {}};
  for (std::size_t i = 0; i < call.arguments.size(); ++i) {
    auto argument = MakeTerm(call.arguments[i]);
    if (!argument) return argument;
    if (!Fits(*f, i, *argument)) {
      return Fail(call.at, Described(*f) + " can't take " + ToString(call.arguments[i]));
    }
    made.arguments.push_back(std::move(*argument));
  }
  if (call.has_key) made.arguments.push_back(Term{call.key});
  const bool list = f->takes_key && !call.has_key;
  return Term{std::move(made), f->result, list ? Several::kList : Several::kNo};
}

Offset OffsetOf(const Operand& operand) {
  if (const auto* field = std::get_if<FieldName>(&operand)) return field->at;
  if (const auto* call = std::get_if<Call>(&operand)) return call->at;
  if (const auto* literal = std::get_if<Literal>(&operand)) return literal->at;
  const auto& list = std::get<std::vector<Operand>>(operand);
  return list.empty() ? 0 : OffsetOf(list[0]);
}

MadeTerm FromList(const std::vector<Operand>& operands) {
  std::vector<Term> terms;
  for (const Operand& operand : operands) {
    auto term = MakeTerm(operand);
    if (!term) return term;
    const auto* field = term->field();
    if (IsList(*term) || (field != nullptr && field->def->several != Several::kNo)) {
      return Fail(OffsetOf(operand),
                  "a list can't hold " + ToString(operand) + ", which has several values");
    }
    terms.push_back(std::move(*term));
  }
  return Term{std::move(terms), Type::kText, Several::kNo};
}

// Absent if one of the values is, else Unknown if one of them is.
std::optional<Value> Missing(std::span<const Value> values) {
  std::optional<Value> missing;
  for (const Value& value : values) {
    if (std::holds_alternative<Absent>(value)) return Value(Absent{});
    if (std::holds_alternative<Unknown>(value)) missing = Value(Unknown{});
  }
  return missing;
}

std::span<Value> EvaluateAll(const std::vector<Term>& terms, const FieldSource& source,
                             fields::Arena& arena) {
  const std::span<Value> values = arena.Values(terms.size());
  for (std::size_t i = 0; i < terms.size(); ++i) values[i] = Evaluate(terms[i], source, arena);
  return values;
}

}  // namespace

tl::expected<Term, Problem> MakeTerm(const Operand& operand) {
  if (const auto* field = std::get_if<FieldName>(&operand)) return FromField(*field);
  if (const auto* call = std::get_if<Call>(&operand)) return FromCall(*call);
  if (const auto* literal = std::get_if<Literal>(&operand)) return Term{literal->text};
  return FromList(std::get<std::vector<Operand>>(operand));
}

Value Evaluate(const Term& term, const FieldSource& source, fields::Arena& arena) {
  if (const auto* ref = term.field()) return source.Get(*ref);
  if (const auto* text = std::get_if<std::string>(&term.node)) return Text(*text);
  if (const auto* list = std::get_if<std::vector<Term>>(&term.node)) {
    const std::span<Value> values = EvaluateAll(*list, source, arena);
    if (const auto missing = Missing(values)) return *missing;
    return ValueList{values.data(), values.size()};
  }
  const auto& call = std::get<CallTerm>(term.node);
  const std::span<Value> arguments = EvaluateAll(call.arguments, source, arena);
  if (const auto missing = Missing(arguments)) return *missing;
  return call.function->call(arguments, arena);
}

std::string ToString(const Term& term) {
  if (const auto* ref = term.field()) return fields::ToString(*ref);
  if (const auto* text = std::get_if<std::string>(&term.node)) {
    return ToString(Operand(Literal{*text, true}));
  }
  const auto* call = std::get_if<CallTerm>(&term.node);
  const auto& parts = call != nullptr ? call->arguments : std::get<std::vector<Term>>(term.node);
  std::string text = call != nullptr ? std::string(call->function->name) + "(" : "(";
  for (const Term& part : parts) text += (&part == parts.data() ? "" : ", ") + ToString(part);
  return text + ")";
}

bool WaitsFor(const Term& term, const FieldSource& source) {
  const auto waits = [&source](const Term& one) { return WaitsFor(one, source); };
  if (const auto* ref = term.field()) {
    return fields::MayArrive(*ref->def) && std::holds_alternative<Unknown>(source.Get(*ref));
  }
  if (const auto* call = std::get_if<CallTerm>(&term.node)) {
    return std::ranges::any_of(call->arguments, waits);
  }
  const auto* list = std::get_if<std::vector<Term>>(&term.node);
  return list != nullptr && std::ranges::any_of(*list, waits);
}

void ForEachField(const Term& term, const std::function<void(const fields::FieldRef&)>& visit) {
  if (const auto* ref = term.field()) {
    visit(*ref);
  } else if (const auto* call = std::get_if<CallTerm>(&term.node)) {
    for (const Term& argument : call->arguments) ForEachField(argument, visit);
  } else if (const auto* list = std::get_if<std::vector<Term>>(&term.node)) {
    for (const Term& one : *list) ForEachField(one, visit);
  }
}

void CollectFields(const Term& term, std::vector<std::string>& names) {
  ForEachField(term, [&](const fields::FieldRef& ref) {
    std::string name = fields::ToString(ref);
    if (std::ranges::find(names, name) == names.end()) names.push_back(std::move(name));
  });
}

}  // namespace nezuban::filter
