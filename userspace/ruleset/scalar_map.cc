// SPDX-License-Identifier: Apache-2.0
#include "ruleset/scalar_map.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace nezuban::ruleset {
namespace {

bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// A character of the scalar: where it begins, and the first byte and number of bytes of its value.
struct Character {
  std::size_t at;
  char first;
  std::size_t bytes;
};

std::size_t Utf8Size(unsigned code) {
  return code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
}
char Utf8Lead(unsigned code) {
  switch (Utf8Size(code)) {
    case 1:
      return static_cast<char>(code);
    case 2:
      return static_cast<char>(0xc0 | code >> 6);
    case 3:
      return static_cast<char>(0xe0 | code >> 12);
    default:
      return static_cast<char>(0xf0 | code >> 18);
  }
}

// Walks the characters of a scalar as it is written that are no blanks in its value. Blanks are
// where styles differ (folding, indentation); everything else comes in the same order in both.
class Walker {
 public:
  Walker(std::string_view raw, std::size_t start) : raw_(raw), at_(start) {
    SkipProperties();
    if (at_ >= raw_.size()) return;
    const char c = raw_[at_];
    if (c == '"' || c == '\'') {
      quote_ = c;
      ++at_;
    } else if (c == '|' || c == '>') {
      at_ = std::min(raw_.find('\n', at_), raw_.size());
    }
  }

  std::optional<Character> Next() {
    while (at_ < raw_.size()) {
      if (IsBlank(raw_[at_])) {
        ++at_;
        continue;
      }
      const Character character = Read();
      if (!IsBlank(character.first)) return character;
    }
    return std::nullopt;
  }

 private:
  // Anchors (&name) and tags (!name) before the scalar.
  void SkipProperties() {
    while (at_ < raw_.size() && (raw_[at_] == '&' || raw_[at_] == '!')) {
      while (at_ < raw_.size() && !IsBlank(raw_[at_])) ++at_;
      while (at_ < raw_.size() && IsBlank(raw_[at_])) ++at_;
    }
  }

  Character Read() {
    const std::size_t at = at_;
    if (quote_ == '"' && raw_[at] == '\\' && at + 1 < raw_.size()) return ReadEscape();
    at_ += quote_ == '\'' && raw_[at] == '\'' ? 2 : 1;
    return {at, raw_[at], 1};
  }

  Character ReadEscape() {
    const std::size_t at = at_;
    const char c = raw_[at + 1];
    at_ += 2;
    const std::size_t digits = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
    if (digits > 0 && at_ + digits <= raw_.size()) {
      unsigned code = 0;
      std::from_chars(raw_.data() + at_, raw_.data() + at_ + digits, code, 16);
      at_ += digits;
      return {at, Utf8Lead(code), Utf8Size(code)};
    }
    static constexpr std::string_view kLetters = "0abtnvfre";
    static constexpr std::string_view kBytes("\0\a\b\t\n\v\f\r\x1b", 9);
    const std::size_t letter = kLetters.find(c);
    return {at, letter == std::string_view::npos ? c : kBytes[letter], 1};
  }

  std::string_view raw_;
  std::size_t at_;
  char quote_ = 0;
};

}  // namespace

LineTable::LineTable(std::string_view text) : starts_{0} {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n') starts_.push_back(i + 1);
  }
}

Anchor LineTable::AnchorAt(std::size_t in_file, std::uint32_t in_text,
                           std::string_view file) const {
  const auto after = std::ranges::upper_bound(starts_, in_file);
  const auto line = static_cast<std::size_t>(after - starts_.begin());
  const auto column = in_file - starts_[line - 1] + 1;
  return {in_text, file, static_cast<int>(line), static_cast<int>(column)};
}

std::vector<Anchor> MapScalar(std::string_view raw, std::size_t start, std::string_view value,
                              const LineTable& lines, std::string_view file) {
  std::vector<Anchor> fallback = {lines.AnchorAt(start, 0, file)};
  std::vector<Anchor> anchors;
  Walker walker(raw, start);
  std::size_t next_raw = 0;  // where the next byte stands if it follows the last one directly
  std::size_t next_text = 0;
  for (std::size_t i = 0; i < value.size();) {
    if (IsBlank(value[i])) {
      ++i;
      continue;
    }
    const auto unit = walker.Next();
    if (!unit || unit->first != value[i]) return fallback;
    if (anchors.empty() || unit->at != next_raw || i != next_text) {
      const std::size_t from = anchors.empty() ? 0 : i;
      anchors.push_back(lines.AnchorAt(unit->at, static_cast<std::uint32_t>(from), file));
    }
    i += unit->bytes;
    next_raw = unit->at + unit->bytes;
    next_text = i;
  }
  return anchors.empty() ? fallback : anchors;
}

}  // namespace nezuban::ruleset
