// SPDX-License-Identifier: Apache-2.0
// Term: one side of a comparison, checked and ready to evaluate: a field, a literal, or a function
// of such.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <tl/expected.hpp>
#include <variant>
#include <vector>

#include "fields/field.h"
#include "filter/ast.h"
#include "filter/functions.h"
#include "filter/problem.h"

namespace nezuban::filter {

struct Term;

struct CallTerm {
  const FunctionDef* function;
  std::vector<Term> arguments;
};

struct Term {
  std::variant<fields::FieldRef, std::string, CallTerm, std::vector<Term>> node;
  fields::Type type = fields::Type::kText;
  fields::Several several = fields::Several::kNo;

  // The field, if it is one without a function around it.
  const fields::FieldRef* field() const { return std::get_if<fields::FieldRef>(&node); }
};

// Looks up names and checks types.
tl::expected<Term, Problem> MakeTerm(const Operand& operand);

// Computed text lives in `arena`.
fields::Value Evaluate(const Term& term, const fields::FieldSource& source, fields::Arena& arena);

// As in a condition; equal terms have equal texts.
std::string ToString(const Term& term);

// Calls visit for each field in `term`, from left to right.
void ForEachField(const Term& term, const std::function<void(const fields::FieldRef&)>& visit);

// Appends the names of the fields in `term` that are not there yet.
void CollectFields(const Term& term, std::vector<std::string>& names);

// Whether a field in `term` is unknown and may soon be known.
bool WaitsFor(const Term& term, const fields::FieldSource& source);

}  // namespace nezuban::filter
