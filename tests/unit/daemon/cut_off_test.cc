// SPDX-License-Identifier: Apache-2.0
#include "daemon/cut_off.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>

namespace nezuban::daemon {
namespace {

using testing::HasSubstr;
constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kAlive = 1'700'000'000 * kSecond;

TEST(CutOff, OnANodeThatStayedUpSomebodyDidIt) {
  const alert::Alert alert = CutOffAlert(kAlive, kAlive + 12 * kSecond, kAlive - 3600 * kSecond);
  EXPECT_EQ(alert.priority, alert::Priority::kCritical);
  EXPECT_EQ(alert.rule, "Monitor was cut off");
  EXPECT_EQ(alert.time_ns, kAlive + 12 * kSecond);
  EXPECT_THAT(alert.message, HasSubstr("it was killed, or it crashed"));
  EXPECT_THAT(alert.message, HasSubstr("2023-11-14T22:13:20"));
  EXPECT_THAT(alert.message, HasSubstr("12 s"));
}

TEST(CutOff, ANodeThatWentDownIsNoAttack) {
  const alert::Alert alert = CutOffAlert(kAlive, kAlive + 90 * kSecond, kAlive + 60 * kSecond);
  EXPECT_EQ(alert.priority, alert::Priority::kNotice);
  EXPECT_THAT(alert.message, HasSubstr("the node went down with it"));
}

TEST(CutOff, AClockThatWentBackMakesNoTimeBelowNothing) {
  EXPECT_THAT(CutOffAlert(kAlive, kAlive - kSecond, 0).message, HasSubstr("about 0 s"));
}

}  // namespace
}  // namespace nezuban::daemon
