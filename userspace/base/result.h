// SPDX-License-Identifier: Apache-2.0
// Result<T>: a value or an Error, spelled like std::expected so that it can become one.
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace nezuban {

// What went wrong, in words a user can act on: "attach tp_btf/sched_process_exec: Operation not
// permitted". exit_code is what the process should end with if nobody handles it (1 bad input,
// 2 cannot run here).
struct Error {
  std::string message;
  int exit_code = 2;
};

template <typename T>
class [[nodiscard]] Result : public tl::expected<T, Error> {
 public:
  using tl::expected<T, Error>::expected;
};

using Status = Result<void>;

// Error from a message, e.g. `return Fail("open {}: {}", path, ...)` with fmt at the call site.
inline tl::unexpected<Error> Fail(std::string message, int exit_code = 2) {
  return tl::unexpected<Error>(Error{std::move(message), exit_code});
}

// The same error with context put before its message.
inline tl::unexpected<Error> Fail(const std::string& context, const Error& error) {
  return tl::unexpected<Error>(Error{context + ": " + error.message, error.exit_code});
}

}  // namespace nezuban

#define NEZUBAN_CONCAT_(a, b) a##b
#define NEZUBAN_CONCAT(a, b) NEZUBAN_CONCAT_(a, b)

// ASSIGN_OR_RETURN(auto x, F()): x becomes F's value, or the function returns F's error.
#define ASSIGN_OR_RETURN(lhs, expr) ASSIGN_OR_RETURN_(NEZUBAN_CONCAT(result_, __LINE__), lhs, expr)
#define ASSIGN_OR_RETURN_(tmp, lhs, expr)                         \
  auto tmp = (expr);                                              \
  if (!tmp) return tl::unexpected<::nezuban::Error>(tmp.error()); \
  lhs = std::move(*tmp)

// RETURN_IF_ERROR(F()): for functions that give no value.
#define RETURN_IF_ERROR(expr)                                              \
  do {                                                                     \
    if (auto status_ = (expr); !status_)                                   \
      return tl::unexpected<::nezuban::Error>(std::move(status_).error()); \
  } while (0)
