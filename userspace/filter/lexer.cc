// SPDX-License-Identifier: Apache-2.0
#include "filter/lexer.h"

#include <algorithm>
#include <array>
#include <utility>

namespace nezuban::filter {
namespace {

bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\b' || c == '\n' || c == '\r'; }
bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsWord(char c) { return IsLetter(c) || IsDigit(c) || c == '_'; }
bool IsBare(char c) {
  return !IsBlank(c) && std::string_view("()\"'=,").find(c) == std::string_view::npos;
}
bool IsArgument(char c) {
  return !IsBlank(c) && std::string_view("[]\"'").find(c) == std::string_view::npos;
}
int HexValue(char c) {
  if (IsDigit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

bool IsBareWord(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, IsBare);
}

bool IsBareArgument(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, IsArgument);
}

void Lexer::SkipBlanks() {
  while (at_ < text_.size() && IsBlank(text_[at_])) ++at_;
}

bool Lexer::Take(std::string_view symbol) {
  SkipBlanks();
  if (!rest().starts_with(symbol)) return false;
  at_ += symbol.size();
  return true;
}

bool Lexer::TakeWord(std::string_view word) {
  SkipBlanks();
  if (!rest().starts_with(word)) return false;
  const std::string_view after = rest().substr(word.size());
  if (!after.empty() && !IsBlank(after[0]) && after[0] != '(') return false;
  at_ += word.size();
  return true;
}

bool Lexer::TakeWordBlank(std::string_view word) {
  SkipBlanks();
  if (!rest().starts_with(word)) return false;
  const std::string_view after = rest().substr(word.size());
  if (after.empty() || !IsBlank(after[0])) return false;
  at_ += word.size();
  return true;
}

template <typename Predicate>
std::optional<std::string_view> Lexer::TakeWhile(Predicate predicate) {
  const std::size_t begin = at_;
  while (at_ < text_.size() && predicate(text_[at_])) ++at_;
  if (at_ == begin) return std::nullopt;
  return text_.substr(begin, at_ - begin);
}

std::optional<std::string_view> Lexer::Identifier() {
  SkipBlanks();
  if (AtEnd() || !IsLetter(text_[at_])) return std::nullopt;
  return TakeWhile(IsWord);
}

std::optional<std::string_view> Lexer::DottedName() {
  SkipBlanks();
  const std::size_t begin = at_;
  if (!Identifier()) return std::nullopt;
  while (at_ + 1 < text_.size() && text_[at_] == '.' && IsLetter(text_[at_ + 1])) {
    ++at_;
    TakeWhile(IsWord);
  }
  return text_.substr(begin, at_ - begin);
}

std::optional<std::string_view> Lexer::Number() {
  SkipBlanks();
  const std::size_t begin = at_;
  const auto fail = [&] {
    at_ = begin;
    return std::nullopt;
  };
  if (rest().starts_with("0x")) {
    at_ += 2;
    if (!TakeWhile([](char c) { return HexValue(c) >= 0; })) return fail();
    return text_.substr(begin, at_ - begin);
  }
  if (!AtEnd() && (text_[at_] == '+' || text_[at_] == '-')) ++at_;
  if (!TakeWhile(IsDigit)) return fail();
  if (rest().starts_with(".")) {
    ++at_;
    TakeWhile(IsDigit);
  }
  const std::string_view tail = rest();
  if (tail.size() > 2 && (tail[0] == 'e' || tail[0] == 'E') && (tail[1] == '+' || tail[1] == '-') &&
      IsDigit(tail[2])) {
    at_ += 2;
    TakeWhile(IsDigit);
  }
  return text_.substr(begin, at_ - begin);
}

std::optional<std::string_view> Lexer::BareWord() {
  SkipBlanks();
  return TakeWhile(IsBare);
}

std::optional<std::string_view> Lexer::BareArgument() {
  SkipBlanks();
  return TakeWhile(IsArgument);
}

bool Lexer::Quoted(std::string& value, std::string& error) {
  SkipBlanks();
  if (AtEnd() || (text_[at_] != '"' && text_[at_] != '\'')) return false;
  const std::size_t begin = at_;
  const char quote = text_[at_++];
  value.clear();
  while (at_ < text_.size()) {
    const char c = text_[at_];
    if (c == quote) {
      ++at_;
      return true;
    }
    if (c == '\\') {
      if (!Escape(quote, value, error)) return false;
      continue;
    }
    value += c;
    ++at_;
  }
  at_ = begin;
  error = "the quoted string never ends";
  return false;
}

// A backslash and a blank stand for a single backslash: rules of old look for one that way.
bool Lexer::Escape(char quote, std::string& value, std::string& error) {
  static constexpr std::array<std::pair<char, char>, 8> kEscapes = {{{'b', '\b'},
                                                                     {'f', '\f'},
                                                                     {'n', '\n'},
                                                                     {'r', '\r'},
                                                                     {'t', '\t'},
                                                                     {'\\', '\\'},
                                                                     {'/', '/'},
                                                                     {' ', '\\'}}};
  const std::string_view tail = rest().substr(1);
  if (tail.empty()) {
    error = "the quoted string never ends";
    return false;
  }
  if (tail[0] == quote) {
    value += quote;
    at_ += 2;
    return true;
  }
  if (tail[0] == 'x' && tail.size() > 2 && HexValue(tail[1]) >= 0 && HexValue(tail[2]) >= 0) {
    value += static_cast<char>(HexValue(tail[1]) * 16 + HexValue(tail[2]));
    at_ += 4;
    return true;
  }
  for (const auto& [letter, character] : kEscapes) {
    if (tail[0] != letter) continue;
    value += character;
    at_ += 2;
    return true;
  }
  error = "unknown escape in a quoted string; a backslash is written \\\\";
  return false;
}

}  // namespace nezuban::filter
