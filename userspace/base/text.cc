// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"

#include <algorithm>
#include <cstdint>
#include <numeric>

namespace nezuban {
namespace {

// Matches one bracket expression at pattern[p] == '['. Returns the index after it and whether `c`
// is in it, or nullopt if the bracket is never closed (then '[' is an ordinary character).
struct BracketMatch {
  std::size_t next;
  bool matches;
};

std::optional<BracketMatch> MatchBracket(std::string_view pattern, std::size_t p, char c) {
  std::size_t i = p + 1;
  const bool negated = i < pattern.size() && (pattern[i] == '!' || pattern[i] == '^');
  if (negated) ++i;
  bool found = false;
  for (bool first = true; i < pattern.size(); first = false) {
    if (pattern[i] == ']' && !first) return BracketMatch{i + 1, found != negated};
    if (pattern[i] == '\\' && i + 1 < pattern.size()) ++i;
    const auto low = static_cast<unsigned char>(pattern[i++]);
    auto high = low;
    if (i + 1 < pattern.size() && pattern[i] == '-' && pattern[i + 1] != ']') {
      i += pattern[i + 1] == '\\' && i + 2 < pattern.size() ? 2 : 1;
      high = static_cast<unsigned char>(pattern[i++]);
    }
    const auto u = static_cast<unsigned char>(c);
    if (low <= u && u <= high) found = true;
  }
  return std::nullopt;
}

// Matches one pattern element (not '*') against `c`; returns the index after it, or npos.
std::size_t MatchOne(std::string_view pattern, std::size_t p, char c) {
  constexpr std::size_t kNo = std::string_view::npos;
  if (pattern[p] == '?') return p + 1;
  if (pattern[p] == '[') {
    if (auto bracket = MatchBracket(pattern, p, c)) return bracket->matches ? bracket->next : kNo;
  }
  if (pattern[p] == '\\' && p + 1 < pattern.size()) ++p;
  return pattern[p] == c ? p + 1 : kNo;
}

}  // namespace

bool GlobMatch(std::string_view pattern, std::string_view text) noexcept {
  constexpr std::size_t kNo = std::string_view::npos;
  std::size_t p = 0;
  std::size_t t = 0;
  std::size_t star = kNo;  // pattern index after the last '*', and the text index it began at
  std::size_t star_text = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = ++p;
      star_text = t;
      continue;
    }
    const std::size_t next = p < pattern.size() ? MatchOne(pattern, p, text[t]) : kNo;
    if (next != kNo) {
      p = next;
      ++t;
    } else if (star != kNo) {
      p = star;
      t = ++star_text;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

std::optional<std::string_view> Nearest(std::string_view word,
                                        std::span<const std::string_view> candidates) {
  if (word.size() > 64) return std::nullopt;
  const std::size_t limit = std::max<std::size_t>(1, word.size() / 3);
  std::size_t best = limit + 1;
  std::optional<std::string_view> nearest;
  std::vector<std::size_t> row(word.size() + 1);
  for (std::string_view candidate : candidates) {
    if (candidate.size() > word.size() + limit || word.size() > candidate.size() + limit) continue;
    std::iota(row.begin(), row.end(), 0);
    for (std::size_t i = 1; i <= candidate.size(); ++i) {
      std::size_t diagonal = row[0];
      row[0] = i;
      for (std::size_t j = 1; j <= word.size(); ++j) {
        const std::size_t substitute = diagonal + (candidate[i - 1] == word[j - 1] ? 0 : 1);
        diagonal = row[j];
        row[j] = std::min({substitute, row[j] + 1, row[j - 1] + 1});
      }
    }
    if (row[word.size()] < best) {
      best = row[word.size()];
      nearest = candidate;
    }
  }
  return nearest;
}

std::string NearestHint(std::string_view word, std::span<const std::string_view> candidates) {
  const auto nearest = Nearest(word, candidates);
  return nearest ? "did you mean '" + std::string(*nearest) + "'?" : std::string();
}

std::vector<std::string_view> Split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t at = text.find(separator);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

std::string_view Trim(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n\v\f";
  const std::size_t begin = text.find_first_not_of(kBlank);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlank) - begin + 1);
}

std::size_t Utf8Length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::uint8_t lead = byte(0);
  const std::size_t length = lead < 0x80   ? 1
                             : lead < 0xc2 ? 0
                             : lead < 0xe0 ? 2
                             : lead < 0xf0 ? 3
                             : lead < 0xf5 ? 4
                                           : 0;
  if (length == 0 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  if (length == 1) return 1;
  const bool overlong = (lead == 0xe0 && byte(1) < 0xa0) || (lead == 0xf0 && byte(1) < 0x90);
  const bool outside = (lead == 0xed && byte(1) > 0x9f) || (lead == 0xf4 && byte(1) > 0x8f);
  return overlong || outside ? 0 : length;
}

namespace {

// Whether a terminal shows the character at the start of `text` and does nothing else with it.
bool IsHarmless(std::string_view text, std::size_t length) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  if (length == 0) return false;
  if (length == 1) return byte(0) >= 0x20 && byte(0) != 0x7f;
  if (byte(0) == 0xc2 && byte(1) < 0xa0) return false;  // C1
  if (byte(0) != 0xe2) return true;
  // U+200E, U+200F; U+2028 to U+202E; U+2066 to U+2069: direction and line separators
  const bool general = byte(1) == 0x80 &&
                       (byte(2) == 0x8e || byte(2) == 0x8f || (byte(2) >= 0xa8 && byte(2) <= 0xae));
  const bool isolate = byte(1) == 0x81 && byte(2) >= 0xa6 && byte(2) <= 0xa9;
  return !general && !isolate;
}

}  // namespace

std::string ValidUtf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const std::size_t length = Utf8Length(text);
    if (length == 0) {
      out += "\xef\xbf\xbd";
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return out;
}

std::string Printable(std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const char c = text.front();
    const std::size_t length = Utf8Length(text);
    if (c == '\n' || c == '\t' || c == '\r') {
      out += c == '\n' ? "\\n" : c == '\t' ? "\\t" : "\\r";
      text.remove_prefix(1);
    } else if (c == '\\') {
      out += "\\\\";
      text.remove_prefix(1);
    } else if (IsHarmless(text, length)) {
      out += text.substr(0, length);
      text.remove_prefix(length);
    } else {
      const auto u = static_cast<std::uint8_t>(c);
      out += "\\x";
      out += kHex[u >> 4];
      out += kHex[u & 15];
      text.remove_prefix(1);
    }
  }
  return out;
}

}  // namespace nezuban
