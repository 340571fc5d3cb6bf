// SPDX-License-Identifier: Apache-2.0
#include "daemon/cut_off.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>

namespace nezuban::daemon {
namespace {

using testing::HasSubstr;
constexpr std::int64_t kWallSecond = 1'000'000'000;
constexpr std::int64_t kAlive = 1'700'000'000 * kWallSecond;

TEST(CutOff, OnANodeThatStayedUpSomebodyDidIt) {
  const alert::Alert alert = CutOffAlert({kAlive, false}, kAlive + 12 * kWallSecond);
  EXPECT_EQ(alert.priority, alert::Priority::kCritical);
  EXPECT_EQ(alert.rule, "Monitor was cut off");
  EXPECT_EQ(alert.time_ns, kAlive + 12 * kWallSecond);
  EXPECT_THAT(alert.message, HasSubstr("it was killed, it crashed"));
  EXPECT_THAT(alert.message, HasSubstr("2023-11-14T22:13:20"));
  EXPECT_THAT(alert.message, HasSubstr("12 s"));
}

TEST(CutOff, ANodeThatWentDownIsNoAttack) {
  const alert::Alert alert = CutOffAlert({kAlive, true}, kAlive + 90 * kWallSecond);
  EXPECT_EQ(alert.priority, alert::Priority::kNotice);
  EXPECT_THAT(alert.message, HasSubstr("the node went down with it"));
}

TEST(CutOff, AClockThatWentBackMakesNoTimeBelowNothing) {
  EXPECT_THAT(CutOffAlert({kAlive, false}, kAlive - kWallSecond).message, HasSubstr("about 0 s"));
}

}  // namespace
}  // namespace nezuban::daemon
