// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>

namespace nezuban {

// Nanoseconds since the epoch, by the machine's clock, which may be set.
inline std::int64_t WallClockNs() {
  return std::chrono::system_clock::now().time_since_epoch() / std::chrono::nanoseconds(1);
}

}  // namespace nezuban
