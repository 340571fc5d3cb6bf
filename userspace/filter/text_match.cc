// SPDX-License-Identifier: Apache-2.0
#include "filter/text_match.h"

#include <algorithm>
#include <string>

#include "base/text.h"

namespace nezuban::filter {
namespace {

using fields::Text;

std::string ToLower(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), LowerAscii);
  return lower;
}

// How long the text was at its source is known, and it was shorter than this.
bool ShorterThan(const Text& text, std::size_t size) {
  return text.total != Text::kTotalUnknown && text.total < size;
}

// The longest pattern that is certain to match whatever follows the head.
bool EndsInStar(std::string_view pattern) {
  if (!pattern.ends_with('*')) return false;
  pattern.remove_suffix(1);
  const std::size_t last = pattern.find_last_not_of('\\');
  const std::size_t slashes = pattern.size() - (last == std::string_view::npos ? 0 : last + 1);
  return slashes % 2 == 0;
}

}  // namespace

Truth TextEquals(const Text& text, std::string_view operand) {
  if (!text.truncated()) return FromBool(text.bytes == operand);
  if (operand.size() <= text.bytes.size() && !text.bytes.empty()) return Truth::kFalse;
  if (!operand.starts_with(text.bytes)) return Truth::kFalse;
  if (text.total != Text::kTotalUnknown && text.total != operand.size()) return Truth::kFalse;
  return Truth::kUnknown;
}

Truth TextContains(const Text& text, std::string_view operand) {
  if (text.bytes.find(operand) != std::string_view::npos) return Truth::kTrue;
  if (!text.truncated() || ShorterThan(text, operand.size())) return Truth::kFalse;
  return Truth::kUnknown;
}

Truth TextContainsIgnoringCase(const Text& text, std::string_view operand) {
  const auto found =
      std::search(text.bytes.begin(), text.bytes.end(), operand.begin(), operand.end(),
                  [](char a, char b) { return LowerAscii(a) == LowerAscii(b); });
  if (operand.empty() || found != text.bytes.end()) return Truth::kTrue;
  if (!text.truncated() || ShorterThan(text, operand.size())) return Truth::kFalse;
  return Truth::kUnknown;
}

Truth TextStartsWith(const Text& text, std::string_view operand) {
  if (text.bytes.starts_with(operand)) return Truth::kTrue;
  if (!text.truncated() || !operand.starts_with(text.bytes)) return Truth::kFalse;
  return ShorterThan(text, operand.size()) ? Truth::kFalse : Truth::kUnknown;
}

Truth TextEndsWith(const Text& text, std::string_view operand) {
  if (!text.truncated() || operand.empty()) return FromBool(text.bytes.ends_with(operand));
  return ShorterThan(text, operand.size()) ? Truth::kFalse : Truth::kUnknown;
}

Truth TextGlob(const Text& text, std::string_view pattern) {
  if (!text.truncated()) return FromBool(GlobMatch(pattern, text.bytes));
  if (EndsInStar(pattern) && GlobMatch(pattern, text.bytes)) return Truth::kTrue;
  const std::size_t literal = pattern.find_first_of("*?[\\");
  const std::string_view head = pattern.substr(0, literal);
  if (literal == std::string_view::npos) return TextEquals(text, pattern);
  return TextStartsWith(text, head) == Truth::kFalse ? Truth::kFalse : Truth::kUnknown;
}

Truth TextGlobIgnoringCase(const Text& text, std::string_view pattern) {
  const std::string lower = ToLower(text.bytes);
  return TextGlob(Text(lower, text.total), ToLower(pattern));
}

Truth TextLess(const Text& text, std::string_view operand) {
  if (!text.truncated()) return FromBool(text.bytes < operand);
  if (operand.starts_with(text.bytes) && operand.size() > text.bytes.size()) return Truth::kUnknown;
  return FromBool(text.bytes < operand && !operand.starts_with(text.bytes));
}

Truth TextGreater(const Text& text, std::string_view operand) {
  return Both(Negate(TextLess(text, operand)), Negate(TextEquals(text, operand)));
}

}  // namespace nezuban::filter
