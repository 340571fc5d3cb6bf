// SPDX-License-Identifier: Apache-2.0
// Condition text → tree. The grammar, where blanks may stand between any two tokens:
//
//   condition  = or END
//   or         = and { "or" and }
//   and        = not { "and" not }
//   not        = { "not" } primary
//   primary    = "(" or ")" | comparison | MACRO
//   comparison = left ( "exists"
//                     | NUMBER-OP ( NUMBER | right )
//                     | STRING-OP ( STRING | right )
//                     | STRING-OP ( "oneof" | "anyof" | "allof" ) ( list | NAME )
//                     | LIST-OP ( list | NAME | right ) )
//   left       = field | call                right = call | "val(" field ")"
//   field      = NAME { "." NAME } [ "[" ARGUMENT "]" ]      (at least one dot)
//   call       = FUNCTION "(" operand { "," operand } ")" [ "[" ARGUMENT "]" ]
//                (no blank before the parenthesis; the brackets only after getopt)
//   operand    = field | call | STRING | "(" [ operand { "," operand } ] ")"
//   list       = "(" [ STRING { "," STRING } ] ")"
//   STRING     = QUOTED | any characters but ( ) " ' = , and blanks
//   NUMBER-OP, STRING-OP, LIST-OP: the rows of the operator table, by their right side
//
// "and", "or" and "not" want a blank or "(" after them. No word is reserved.
#pragma once

#include <string_view>
#include <tl/expected.hpp>

#include "filter/ast.h"
#include "filter/problem.h"

namespace nezuban::filter {

// Deeper nesting is an error, so that no rule can exhaust the stack.
inline constexpr int kMaxParseDepth = 500;

// Longer conditions are an error; offsets fit with room to spare.
inline constexpr std::size_t kMaxConditionBytes = 1 << 20;

tl::expected<Expr, Problem> Parse(std::string_view condition);

// A function call, a field with its argument or a literal by itself; nothing may follow. val() is
// only for what stands on the right side of an operator.
tl::expected<Operand, Problem> ParseOperand(std::string_view text, bool right_side = false);

}  // namespace nezuban::filter
