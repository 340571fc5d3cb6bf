// SPDX-License-Identifier: Apache-2.0
#include "base/scheduling.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <thread>

namespace nezuban {
namespace {

// Nanoseconds; 0: this kernel does not say (before 6.12).
std::uint64_t OwnSlice() {
  std::array<std::uint64_t, 6> attr{};  // struct sched_attr; sched_runtime is the fourth word
  EXPECT_EQ(::syscall(SYS_sched_getattr, 0, attr.data(), sizeof attr, 0), 0);
  return attr[3];
}

TEST(Scheduling, ShortSlicesAreOfTheThreadThatAsks) {
  const std::uint64_t before = OwnSlice();
  std::thread([before] {
    ASSERT_EQ(::setpriority(PRIO_PROCESS, 0, ::getpriority(PRIO_PROCESS, 0) + 1), 0);
    const int nice = ::getpriority(PRIO_PROCESS, 0);
    AskForShortSlices();
    EXPECT_EQ(OwnSlice(), before == 0 ? 0 : 300'000u);
    EXPECT_EQ(::getpriority(PRIO_PROCESS, 0), nice);
  }).join();
  EXPECT_EQ(OwnSlice(), before);
}

}  // namespace
}  // namespace nezuban
