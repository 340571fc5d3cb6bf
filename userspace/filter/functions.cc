// SPDX-License-Identifier: Apache-2.0
#include "filter/functions.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "base/text.h"
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

Value Lower(Arguments a, Arena& arena) { return MapBytes(a[0], arena, LowerAscii); }

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

// Like concat, open where a part was cut.
Value Join(Arguments a, Arena& arena) {
  const auto& separator = std::get<Text>(a[0]);
  const auto& list = std::get<ValueList>(a[1]);
  std::string out;
  for (std::size_t i = 0; i < list.size; ++i) {
    if (i > 0) out += separator.bytes;
    const auto* text = std::get_if<Text>(&list.data[i]);
    const bool open = std::holds_alternative<Unknown>(list.data[i]);
    if (!open) out += fields::ToString(list.data[i]);
    if (open || (text != nullptr && text->truncated()) || (separator.truncated() && i > 0)) {
      return Text(arena.Copy(out), Text::kTotalUnknown);
    }
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

struct Option {
  std::string_view name;
  std::string_view value;
  bool has_value = false;
};

// The options in one argument that begins with a '-'; `next` is what follows it.
void TakeOptions(std::string_view argument, std::string_view spec, const Text* next,
                 std::vector<Option>& out, bool& took_next) {
  for (std::size_t i = 1; i < argument.size(); ++i) {
    const std::size_t at = argument[i] == ':' ? std::string_view::npos : spec.find(argument[i]);
    if (at == std::string_view::npos) {
      out.push_back({"?"});
      continue;
    }
    const std::string_view name = argument.substr(i, 1);
    if (!spec.substr(at + 1).starts_with(':')) {
      out.push_back({name});
      continue;
    }
    took_next = i + 1 == argument.size();
    if (took_next && next == nullptr) {
      out.push_back({"?"});
    } else {
      out.push_back({name, took_next ? next->bytes : argument.substr(i + 1), true});
    }
    return;
  }
}

// As getopt(3) of POSIX reads them: up to "--" or the first argument that is none. Long ones are
// passed over.
std::vector<Option> Options(std::span<const Value> arguments, std::string_view spec) {
  std::vector<Option> out;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string_view argument = std::get<Text>(arguments[i]).bytes;
    if (argument == "--" || argument.size() < 2 || argument[0] != '-') break;
    if (argument[1] == '-') continue;
    const Text* next = i + 1 < arguments.size() ? &std::get<Text>(arguments[i + 1]) : nullptr;
    bool took_next = false;
    TakeOptions(argument, spec, next, out, took_next);
    i += took_next ? 1 : 0;
  }
  return out;
}

// With a key: the last value of that option, or its name if it takes none. Else names and values.
Value GetOpt(Arguments a, Arena& arena) {
  const auto& list = std::get<ValueList>(a[0]);
  const auto& spec = std::get<Text>(a[1]);
  const std::span arguments(list.data, list.size);
  for (const Value& argument : arguments) {
    const auto* text = std::get_if<Text>(&argument);
    if (text == nullptr || text->truncated()) return Unknown{};
  }
  if (spec.truncated()) return Unknown{};
  const std::vector<Option> options = Options(arguments, spec.bytes);
  if (a.size() == 3) {
    Value found = Absent{};
    for (const Option& option : options) {
      if (option.name != std::get<Text>(a[2]).bytes) continue;
      found = option.has_value ? option.value : option.name;
    }
    return found;
  }
  const std::span<Value> values = arena.Values(options.size() * 2);
  std::size_t size = 0;
  for (const Option& option : options) {
    values[size++] = option.name;
    if (option.has_value) values[size++] = option.value;
  }
  return ValueList{values.data(), size};
}

constexpr int kMany = 64;

constexpr FunctionDef kFunctions[] = {
    {"b64", 1, 1, 0, ListKind::kNone, true, false, Type::kText,
     "The text that the base64 stands for; absent if it is none.", Base64},
    {"basename", 1, 1, 0, ListKind::kNone, false, false, Type::kText,
     "The part after the last '/'.", Basename},
    {"concat", 2, kMany, 0, ListKind::kNone, false, false, Type::kText,
     "The texts one after the other.", Concat},
    {"getopt", 2, 2, 0, ListKind::kTexts, false, true, Type::kText,
     "The short options in a list of arguments, read as POSIX getopt does: getopt(list, \"ab:\") "
     "gives names and values, getopt(list, \"ab:\")[b] the last value of one.",
     GetOpt},
    {"join", 2, 2, 1, ListKind::kAnything, false, false, Type::kText,
     "The list's values with the first argument between them.", Join},
    {"len", 1, 1, 0, ListKind::kOrText, true, false, Type::kInt,
     "Length of a text in bytes, or number of a list's values.", Length},
    {"tolower", 1, 1, 0, ListKind::kNone, false, false, Type::kText,
     "The text with ASCII letters in lower case.", Lower},
    {"toupper", 1, 1, 0, ListKind::kNone, false, false, Type::kText,
     "The text with ASCII letters in upper case.", Upper},
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
