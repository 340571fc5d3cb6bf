// SPDX-License-Identifier: Apache-2.0
// The function table: what may wrap a field in a condition or an output, tolower(proc.name).
#pragma once

#include <span>
#include <string_view>

#include "fields/field.h"

namespace nezuban::filter {

struct FunctionDef {
  std::string_view name;
  int min_arguments;
  int max_arguments;
  bool takes_list;  // the last argument may be a list of values
  fields::Type result;
  std::string_view doc;
  // The arguments are neither absent nor unknown (then the result is the same without a call).
  fields::Value (*call)(std::span<const fields::Value> arguments, fields::Arena& arena);
};

std::span<const FunctionDef> FunctionTable();
const FunctionDef* FindFunction(std::string_view name);
std::span<const std::string_view> FunctionNames();

}  // namespace nezuban::filter
