// SPDX-License-Identifier: Apache-2.0
#include "filter/ast.h"

#include "filter/lexer.h"

namespace nezuban::filter {
namespace {

template <typename... Ts>
struct Overloaded : Ts... {
  using Ts::operator()...;
};
template <typename... Ts>
Overloaded(Ts...) -> Overloaded<Ts...>;

std::string Join(const std::vector<Operand>& operands) {
  std::string text;
  for (const Operand& operand : operands) {
    if (!text.empty()) text += ", ";
    text += ToString(operand);
  }
  return text;
}

std::string Join(const std::vector<Expr>& children, std::string_view word) {
  std::string text = "(";
  for (const Expr& child : children) {
    if (text.size() > 1) text += word;
    text += ToString(child);
  }
  return text + ")";
}

std::string InQuotes(std::string_view bytes) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string text = "\"";
  for (char c : bytes) {
    const auto u = static_cast<unsigned char>(c);
    if (c == '"' || u < 0x20 || c == '\\') {
      // A backslash is written in hex too: nothing may end a quoted string but its quote.
      text += "\\x";
      text += kHex[u >> 4];
      text += kHex[u & 15];
    } else {
      text += c;
    }
  }
  return text + '"';
}

std::string Quote(const Literal& literal) {
  return !literal.quoted && IsBareWord(literal.text) ? literal.text : InQuotes(literal.text);
}

std::string InBrackets(const std::string& argument) {
  return "[" + (IsBareArgument(argument) ? argument : InQuotes(argument)) + "]";
}

}  // namespace

std::string ToString(const Operand& operand) {
  return std::visit(Overloaded{
                        [](const FieldName& f) {
                          return f.has_argument ? f.name + InBrackets(f.argument) : f.name;
                        },
                        [](const Call& c) {
                          return c.function + "(" + Join(c.arguments) + ")" +
                                 (c.has_key ? InBrackets(c.key) : "");
                        },
                        [](const Literal& l) { return Quote(l); },
                        [](const std::vector<Operand>& list) { return "(" + Join(list) + ")"; },
                    },
                    static_cast<const Operand::variant&>(operand));
}

std::string ToString(const Comparison& c) {
  static constexpr std::string_view kModifiers[] = {"", "oneof ", "anyof ", "allof "};
  std::string text = ToString(c.left) + " " + c.op;
  if (c.op == "exists") return text;
  text += " ";
  text += kModifiers[static_cast<std::size_t>(c.modifier)];
  return text + (c.is_list ? "(" + Join(c.right) + ")" : Join(c.right));
}

std::string ToString(const Expr& expr) {
  return std::visit(Overloaded{
                        [](const Comparison& c) { return ToString(c); },
                        [](const MacroName& m) { return m.name; },
                        [](const Not& n) { return "not " + ToString(*n.child); },
                        [](const And& a) { return Join(a.children, " and "); },
                        [](const Or& o) { return Join(o.children, " or "); },
                    },
                    expr.node);
}

Expr Clone(const Expr& expr) {
  const auto clone_all = [](const std::vector<Expr>& children) {
    std::vector<Expr> copies;
    copies.reserve(children.size());
    for (const Expr& child : children) copies.push_back(Clone(child));
    return copies;
  };
  Expr copy = std::visit(
      Overloaded{
          [](const Comparison& c) { return Expr{c}; },
          [](const MacroName& m) { return Expr{m}; },
          [](const Not& n) { return Expr{Not{std::make_unique<Expr>(Clone(*n.child))}}; },
          [&](const And& a) { return Expr{And{clone_all(a.children)}}; },
          [&](const Or& o) { return Expr{Or{clone_all(o.children)}}; },
      },
      expr.node);
  copy.macro = expr.macro;
  return copy;
}

}  // namespace nezuban::filter
