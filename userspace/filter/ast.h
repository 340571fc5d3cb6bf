// SPDX-License-Identifier: Apache-2.0
// The tree of a condition, as the parser makes it and check, resolve and compile walk it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace nezuban::filter {

// Byte offset in the text the parser was given.
using Offset = std::uint32_t;

// A literal: what the quotes held, escapes resolved, or the bare word.
struct Literal {
  std::string text;
  bool quoted = false;
  Offset at = 0;
};

struct Operand;

// tolower(proc.name), getopt(…)[o], and val(proc.pname) on the right side.
struct Call {
  std::string function;
  std::vector<Operand> arguments;
  std::string key;  // getopt(…)[key]
  bool has_key = false;
  Offset at = 0;
};

// A field as written.
struct FieldName {
  std::string name;
  std::string argument;
  bool has_argument = false;
  Offset at = 0;
};

struct Operand : std::variant<FieldName, Call, Literal, std::vector<Operand>> {
  using variant::variant;
};

enum class Modifier : std::uint8_t { kNone, kOneOf, kAnyOf, kAllOf };

// left operator right. right is empty for `exists`; a list of literals where is_list; else one
// operand. A list name stands in it as an unquoted literal until resolve has replaced it.
struct Comparison {
  Operand left;
  std::string op;
  Modifier modifier = Modifier::kNone;
  bool is_list = false;
  std::vector<Operand> right;
  Offset op_at = 0;
};

struct MacroName {
  std::string name;
  Offset at = 0;
};

struct Expr;
struct Not {
  std::unique_ptr<Expr> child;
};
struct And {
  std::vector<Expr> children;
};
struct Or {
  std::vector<Expr> children;
};

struct Expr {
  std::variant<Comparison, MacroName, Not, And, Or> node;
  std::string macro;  // it was put in for the macro of that name; empty: for none
};

// "(a and not b)": canonical, with one blank between words; quotes where a bare word would not do.
std::string ToString(const Expr& expr);
std::string ToString(const Operand& operand);
std::string ToString(const Comparison& comparison);

Expr Clone(const Expr& expr);

}  // namespace nezuban::filter
