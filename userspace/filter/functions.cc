// SPDX-License-Identifier: Apache-2.0
#include "filter/functions.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "fields/convert.h"

namespace nezuban::filter {
namespace {

using fields::Absent;
using fields::Arena;
using fields::Text;
using fields::Type;
using fields::Unknown;
using fields::Value;
using fields::ValueList;
using Arguments = std::span<const Value>;

template <typename Change>
Value MapBytes(const Value& value, Arena& arena, Change change) {
  const auto& text = std::get<Text>(value);
  const std::span<char> bytes = arena.Bytes(text.bytes.size());
  std::ranges::transform(text.bytes, bytes.begin(), change);
  return Text({bytes.data(), bytes.size()}, text.total);
}

Value Lower(Arguments a, Arena& arena) {
  return MapBytes(a[0], arena, [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
}

Value Upper(Arguments a, Arena& arena) {
  return MapBytes(a[0], arena, [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
}

Value Basename(Arguments a, Arena&) {
  const auto& text = std::get<Text>(a[0]);
  if (text.truncated()) return Unknown{};
  return text.bytes.substr(text.bytes.rfind('/') + 1);
}

int Base64Digit(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  return c == '+' ? 62 : c == '/' ? 63 : -1;
}

// Decodes; Absent if it is not base64.
Value Base64(Arguments a, Arena& arena) {
  const auto& text = std::get<Text>(a[0]);
  if (text.truncated()) return Unknown{};
  std::string_view in = text.bytes;
  if (in.size() % 4 != 0) return Absent{};
  for (int i = 0; i < 2 && in.ends_with('='); ++i) in.remove_suffix(1);
  std::string out;
  unsigned bits = 0;
  int have = 0;
  for (char c : in) {
    const int digit = Base64Digit(c);
    if (digit < 0) return Absent{};
    bits = (bits << 6 | static_cast<unsigned>(digit)) & 0xffff;
    have += 6;
    if (have < 8) continue;
    have -= 8;
    out += static_cast<char>(bits >> have & 0xff);
  }
  return arena.Copy(out);
}

Value Length(Arguments a, Arena&) {
  if (const auto* list = std::get_if<ValueList>(&a[0])) {
    return static_cast<std::int64_t>(list->size);
  }
  const auto& text = std::get<Text>(a[0]);
  if (text.total == Text::kTotalUnknown) return Unknown{};
  return std::int64_t{text.total};
}

Value Join(Arguments a, Arena& arena) {
  const auto& separator = std::get<Text>(a[0]);
  std::string out;
  std::vector<Value> values = {a[1]};
  if (const auto* list = std::get_if<ValueList>(&a[1])) {
    values.assign(list->data, list->data + list->size);
  }
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i > 0) out += separator.bytes;
    out += fields::ToString(values[i]);
  }
  return arena.Copy(out);
}

// A part that was cut leaves the end of the whole open.
Value Concat(Arguments a, Arena& arena) {
  std::string out;
  for (const Value& value : a) {
    const auto& text = std::get<Text>(value);
    out += text.bytes;
    if (text.truncated()) return Text(arena.Copy(out), Text::kTotalUnknown);
  }
  return arena.Copy(out);
}

constexpr int kMany = 64;

constexpr FunctionDef kFunctions[] = {
    {"b64", 1, 1, false, Type::kText, "The text that the base64 stands for.", Base64},
    {"basename", 1, 1, false, Type::kText, "The part after the last '/'.", Basename},
    {"concat", 2, kMany, false, Type::kText, "The texts one after the other.", Concat},
    {"join", 2, 2, true, Type::kText, "The list's values with the first argument between them.",
     Join},
    {"len", 1, 1, true, Type::kInt, "Length of a text in bytes, or number of a list's values.",
     Length},
    {"tolower", 1, 1, false, Type::kText, "The text with ASCII letters in lower case.", Lower},
    {"toupper", 1, 1, false, Type::kText, "The text with ASCII letters in upper case.", Upper},
};

}  // namespace

std::span<const FunctionDef> FunctionTable() { return kFunctions; }

const FunctionDef* FindFunction(std::string_view name) {
  const auto at = std::ranges::find(kFunctions, name, &FunctionDef::name);
  return at == std::end(kFunctions) ? nullptr : at;
}

std::span<const std::string_view> FunctionNames() {
  static const std::vector<std::string_view> kNames = [] {
    std::vector<std::string_view> all = {"val"};
    for (const FunctionDef& f : kFunctions) all.push_back(f.name);
    return all;
  }();
  return kNames;
}

}  // namespace nezuban::filter
