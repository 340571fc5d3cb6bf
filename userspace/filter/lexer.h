// SPDX-License-Identifier: Apache-2.0
// Lexer: a cursor over a condition. What a word is depends on where it stands (keywords are not
// reserved), so the parser asks for what it can use and the lexer says whether it is there.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace nezuban::filter {

// True if `text` can stand unquoted as a value.
bool IsBareWord(std::string_view text);

// True if `text` can stand unquoted between brackets.
bool IsBareArgument(std::string_view text);

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  std::size_t at() const { return at_; }
  void Seek(std::size_t at) { at_ = at; }
  std::string_view rest() const { return text_.substr(at_); }

  void SkipBlanks();
  bool AtEnd() const { return at_ == text_.size(); }

  // Each skips blanks first, and moves past what it found or not at all.
  bool Take(std::string_view symbol);              // the characters, whatever follows
  bool TakeWord(std::string_view word);            // followed by a blank, '(' or the end
  bool TakeWordBlank(std::string_view word);       // followed by a blank
  std::optional<std::string_view> Identifier();    // [a-zA-Z][a-zA-Z0-9_]*
  std::optional<std::string_view> DottedName();    // identifiers joined by dots, one at least
  std::optional<std::string_view> Number();        // HEX or DEC
  std::optional<std::string_view> BareWord();      // no ( ) " ' = , or blank
  std::optional<std::string_view> BareArgument();  // no [ ] " ' or blank

  // A string in quotes with its escapes resolved. False if there is none; a malformed one leaves
  // its reason in `error` and the cursor at the place.
  bool Quoted(std::string& value, std::string& error);

 private:
  template <typename Predicate>
  std::optional<std::string_view> TakeWhile(Predicate predicate);
  bool Escape(char quote, std::string& value, std::string& error);

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace nezuban::filter
