// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "base/diagnostics.h"

namespace nezuban::filter {

// What is wrong with a condition, at a byte offset of its text. Whoever knows where the text
// stands in a file makes a Diagnostic of it.
struct Problem {
  Severity severity = Severity::kError;
  std::uint32_t at = 0;
  std::string message;
  std::string hint;
};

}  // namespace nezuban::filter
