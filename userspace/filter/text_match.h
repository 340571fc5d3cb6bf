// SPDX-License-Identifier: Apache-2.0
// The comparisons of text that may be truncated: each decides on the head if it can, else the
// answer is unknown.
#pragma once

#include <string_view>

#include "fields/value.h"
#include "filter/matcher.h"

namespace nezuban::filter {

Truth TextEquals(const fields::Text& text, std::string_view operand);
Truth TextContains(const fields::Text& text, std::string_view operand);
Truth TextContainsIgnoringCase(const fields::Text& text, std::string_view operand);
Truth TextStartsWith(const fields::Text& text, std::string_view operand);
Truth TextEndsWith(const fields::Text& text, std::string_view operand);
Truth TextGlob(const fields::Text& text, std::string_view pattern);
Truth TextGlobIgnoringCase(const fields::Text& text, std::string_view pattern);
// By bytes, as strcmp.
Truth TextLess(const fields::Text& text, std::string_view operand);
Truth TextGreater(const fields::Text& text, std::string_view operand);

}  // namespace nezuban::filter
