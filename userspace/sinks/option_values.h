// SPDX-License-Identifier: Apache-2.0
// Values of options, from text. Each sets `out` and returns empty, or returns what was expected.
#pragma once

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace nezuban::sinks {

using Values = std::span<const std::string>;

template <typename T>
struct Choice {
  std::string_view name;
  T value;
};

template <typename T, std::size_t N>
std::string Choose(const std::string& text, const std::array<Choice<T>, N>& choices, T& out) {
  std::string expected = "expected one of";
  for (const Choice<T>& choice : choices) {
    if (choice.name == text) {
      out = choice.value;
      return {};
    }
    expected += ' ' + std::string(choice.name);
  }
  return expected;
}

template <typename T>
std::string ParseNumber(const std::string& text, std::uint64_t low, std::uint64_t high, T& out) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < low || number > high) {
    return "expected a number from " + std::to_string(low) + " to " + std::to_string(high);
  }
  out = T(number);
  return {};
}

inline std::string ParseText(const std::string& text, std::string& out) {
  if (text.empty()) return "expected a text that is not empty";
  out = text;
  return {};
}

inline std::string ParseFlag(const std::string& text, bool& out) {
  constexpr std::array kFlags = {Choice<bool>{"true", true}, Choice<bool>{"false", false}};
  return Choose(text, kFlags, out);
}

// A file that is opened later, by whoever works in another directory.
inline std::string ParsePath(const std::string& text, std::string& out) {
  if (!text.starts_with('/')) return "expected a path from the root";
  out = text;
  return {};
}

// "HOST:PORT", IPv6 in brackets.
inline std::string ParseHostPort(const std::string& text, std::string& out) {
  const std::size_t colon = text.rfind(':');
  std::uint16_t port = 0;
  if (colon == std::string::npos || colon == 0 ||
      !ParseNumber(text.substr(colon + 1), 1, 65535, port).empty() ||
      (text.find(':') != colon && (text[0] != '[' || text[colon - 1] != ']'))) {
    return "expected HOST:PORT";
  }
  out = text;
  return {};
}

// "Name: value" pairs; a value may have colons.
inline std::string ParsePairs(Values values,
                              std::vector<std::pair<std::string, std::string>>& out) {
  out.clear();
  for (const std::string& text : values) {
    const std::size_t colon = text.find(':');
    if (colon == std::string::npos || colon == 0) return "expected NAME: VALUE";
    const std::size_t value = text.find_first_not_of(' ', colon + 1);
    out.emplace_back(text.substr(0, colon), value == std::string::npos ? "" : text.substr(value));
  }
  return {};
}

// The same as metadata of gRPC, which has small letters and no control characters.
inline std::string ParseMetadata(Values values,
                                 std::vector<std::pair<std::string, std::string>>& out) {
  std::string problem = ParsePairs(values, out);
  if (!problem.empty()) return problem;
  constexpr std::string_view kAllowed = "abcdefghijklmnopqrstuvwxyz0123456789-_.";
  for (auto& [name, value] : out) {
    for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    const bool fine = name.find_first_not_of(kAllowed) == std::string::npos &&
                      !name.ends_with("-bin") && !name.starts_with("grpc-");
    if (!fine) return "expected a name of letters, digits, -, _ and .";
    for (const char c : value) {
      if (c < ' ' || c > '~') return "expected a value of printable ASCII";
    }
  }
  return {};
}

}  // namespace nezuban::sinks
