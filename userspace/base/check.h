// SPDX-License-Identifier: Apache-2.0
// CHECK(condition): a bug aborts with its place, in every build.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace nezuban {

[[noreturn]] inline void CheckFailed(const char* file, int line, const char* condition) {
  std::fprintf(stderr, "%s:%d: CHECK failed: %s\n", file, line, condition);
  std::abort();
}

}  // namespace nezuban

#define CHECK(cond) \
  ((cond) ? static_cast<void>(0) : ::nezuban::CheckFailed(__FILE__, __LINE__, #cond))
