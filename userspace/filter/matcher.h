// SPDX-License-Identifier: Apache-2.0
// Matcher: one comparison with constants, ready to run; Truth: its three answers.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>

#include "fields/value.h"

namespace nezuban::filter {

// Ordered so that `and` is the smaller, `or` the greater.
enum class Truth : std::uint8_t { kFalse, kUnknown, kTrue };

constexpr Truth FromBool(bool b) { return b ? Truth::kTrue : Truth::kFalse; }
constexpr Truth Negate(Truth t) { return static_cast<Truth>(2 - static_cast<std::uint8_t>(t)); }
constexpr Truth Both(Truth a, Truth b) { return std::min(a, b); }
constexpr Truth Either(Truth a, Truth b) { return std::max(a, b); }

// Immutable and free of scratch: one can be run by several threads at once.
class Matcher {
 public:
  virtual ~Matcher() = default;
  // REQUIRES: `value` is of the type the matcher was made for: neither absent nor unknown, no list.
  virtual Truth Match(const fields::Value& value) const noexcept = 0;
};

using MatcherPtr = std::unique_ptr<const Matcher>;

}  // namespace nezuban::filter
