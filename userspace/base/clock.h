// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <time.h>

#include <chrono>
#include <cstdint>

namespace nezuban {

// Nanoseconds since the epoch, by the machine's clock, which may be set.
inline std::int64_t WallClockNs() {
  return std::chrono::system_clock::now().time_since_epoch() / std::chrono::nanoseconds(1);
}

// Nanoseconds since the node booted, time it was suspended included (CLOCK_BOOTTIME).
inline std::int64_t BootClockNs() {
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

}  // namespace nezuban
