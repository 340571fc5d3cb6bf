// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>

#include "base/result.h"

namespace nezuban {

// All of a file, also of one that does not tell its size (a pipe, /proc). Error: why, without the
// path: errno's words, or that there are more than `max_bytes`. Thread-safe, throws nothing (a
// std::istreambuf_iterator throws when a read fails: it cannot be used where nothing may throw).
Result<std::string> ReadFile(const std::string& path, std::size_t max_bytes);

}  // namespace nezuban
