// SPDX-License-Identifier: Apache-2.0
// Conditions that clients send, compiled within bounds.
#pragma once

#include <cstddef>
#include <string_view>

#include "base/result.h"
#include "filter/program.h"

namespace nezuban::rpc {

struct CompiledCondition {
  filter::Program program;
  std::size_t regexes = 0;
};

// `name` is the request's member, for the places of problems. Error (exit 1): every problem with
// its place and the nearest name, a line each; or more than `max_regexes` regular expressions,
// the one thing that takes much time and memory to compile.
Result<CompiledCondition> CompileCondition(std::string_view name, std::string_view text,
                                           std::size_t max_regexes);

}  // namespace nezuban::rpc
