// SPDX-License-Identifier: Apache-2.0
// Json: writes one JSON object, always valid, whatever bytes it is given.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace nezuban::alert {

// `text` in quotes. Bytes that are no UTF-8 become U+FFFD; control characters, also those a
// terminal would obey (DEL, C1), are written as \u00XX.
std::string JsonQuote(std::string_view text);

// Commas are put where they belong; the caller balances Open and Close.
class Json {
 public:
  Json& Open(char bracket) {
    Separate();
    text_ += bracket;
    first_ = true;
    return *this;
  }
  Json& Close(char bracket) {
    text_ += bracket;
    first_ = false;
    return *this;
  }
  Json& Key(std::string_view key) {
    Separate();
    text_ += JsonQuote(key) + ":";
    first_ = true;  // no comma before the value
    return *this;
  }
  Json& String(std::string_view value) { return Raw(JsonQuote(value)); }
  Json& Number(std::int64_t value) { return Raw(std::to_string(value)); }
  Json& Bool(bool value) { return Raw(value ? "true" : "false"); }
  Json& Null() { return Raw("null"); }

  std::string Take() { return std::move(text_); }

 private:
  Json& Raw(std::string_view value) {
    Separate();
    text_ += value;
    return *this;
  }
  void Separate() {
    if (!first_) text_ += ',';
    first_ = false;
  }

  std::string text_;
  bool first_ = true;
};

}  // namespace nezuban::alert
