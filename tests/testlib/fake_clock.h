// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>

namespace nezuban::testlib {

// A boot-time clock that moves only when told to.
class FakeClock {
 public:
  explicit FakeClock(std::uint64_t now_ns = 1'000'000'000) : now_ns_(now_ns) {}
  std::uint64_t now_ns() const { return now_ns_; }
  std::uint64_t Advance(std::chrono::nanoseconds by) {
    return now_ns_ += static_cast<std::uint64_t>(by.count());
  }

 private:
  std::uint64_t now_ns_;
};

}  // namespace nezuban::testlib
