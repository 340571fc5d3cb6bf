// SPDX-License-Identifier: Apache-2.0
// The function table: what may wrap a field in a condition or an output, tolower(proc.name).
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "fields/field.h"

namespace nezuban::filter {

// What the one argument that may be a list can be.
enum class ListKind : std::uint8_t { kNone, kAnything, kTexts, kOrText };

struct FunctionDef {
  std::string_view name;
  int min_arguments;
  int max_arguments;
  int list_at;  // index of that argument
  ListKind list;
  bool bytes;      // takes bytes as well as text
  bool takes_key;  // f(…)[key], then as one argument more; without it the result is a list
  fields::Type result;
  std::string_view doc;
  // The arguments are neither absent nor unknown (then the result is the same without a call).
  fields::Value (*call)(std::span<const fields::Value> arguments, fields::Arena& arena);
};

std::span<const FunctionDef> FunctionTable();
const FunctionDef* FindFunction(std::string_view name);
std::span<const std::string_view> FunctionNames();

}  // namespace nezuban::filter
