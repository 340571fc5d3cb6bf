// SPDX-License-Identifier: Apache-2.0
// Redactor: finds what looks like a secret in arguments and texts, and masks it.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace nezuban {

// One pattern of the table: RE2 syntax on bytes; what its first group matches is masked.
struct SecretPattern {
  std::string_view name;
  std::string_view regex;
};
std::span<const SecretPattern> SecretPatterns();

// Immutable, thread-safe. Takes time linear in the text.
class Redactor {
 public:
  // The table, and more patterns: their first group is masked, or the whole match where there is
  // none. Error (exit code 1): one of them is no regular expression.
  static Result<std::shared_ptr<const Redactor>> Make(std::span<const std::string> more = {});
  ~Redactor();
  Redactor(const Redactor&) = delete;
  Redactor& operator=(const Redactor&) = delete;

  // `text` with each secret replaced by kMask, shorter ones by as many stars as they have bytes:
  // never longer than it was. A line, or arguments that are separated by NULs; of those, one that
  // is a secret as a whole is masked as a whole. nullopt: there is none, which includes those that
  // are masked already.
  std::optional<std::string> Redact(std::string_view text) const;

  // The same for an environment: NAME=value, each followed by a NUL.
  std::optional<std::string> RedactVariables(std::string_view variables) const;

  static constexpr std::string_view kMask = "***";

 private:
  struct Compiled;
  explicit Redactor(std::unique_ptr<Compiled> compiled);
  std::unique_ptr<Compiled> compiled_;
};

}  // namespace nezuban
