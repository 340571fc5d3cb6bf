// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace nezuban::testlib {

inline constexpr std::uint64_t kSecond = 1'000'000'000;  // in nanoseconds

}  // namespace nezuban::testlib
