// SPDX-License-Identifier: Apache-2.0
// AlertCondition: a condition in the rule language over what an alert tells: alert.rule,
// alert.priority and their like, where it happened, and the fields its output names.
#pragma once

#include <cstddef>
#include <string_view>

#include "alert/alert.h"
#include "base/result.h"
#include "fields/arena.h"
#include "filter/program.h"

namespace nezuban::rpc {

// Immutable, so thread-safe; each thread with an arena of its own.
class AlertCondition {
 public:
  // A client must not make us compile without end: regular expressions are dear.
  static constexpr std::size_t kMaxRegexes = 8;

  // Error (exit 1): every problem with its place and the nearest name, a line each.
  static Result<AlertCondition> Compile(std::string_view text);

  // Fields that the alert does not carry are unknown, and what hangs on them alone is true: an
  // alert too many is better than one too few. Resets the arena.
  bool Matches(const alert::Alert& alert, fields::Arena& arena) const noexcept;

  // What it takes of memory and time, in bytes of plain text: to bound what all of them take.
  std::size_t cost() const { return cost_; }

 private:
  AlertCondition(filter::Program program, std::size_t cost);

  filter::Program program_;
  std::size_t cost_;
};

}  // namespace nezuban::rpc
