// SPDX-License-Identifier: Apache-2.0
#include "daemon/noise.h"

#include <gtest/gtest.h>

#include "testlib/second.h"

namespace nezuban::daemon {
namespace {

using testlib::kSecond;

alert::Alert AlertOf(const std::string& rule, const std::string& container = "",
                     const std::string& name = "sh") {
  alert::Alert alert;
  alert.id = rule + container;
  alert.rule = rule;
  alert.container_id = container;
  alert.priority = alert::Priority::kCritical;
  alert.time_ns = 5;
  alert.fields = {{"proc.name", name}, {"fd.name", name}};
  return alert;
}

std::vector<alert::Alert> Due(Noise& noise, std::uint64_t now_ns) {
  std::vector<alert::Alert> told;
  noise.TellDue(now_ns, [&](alert::Alert alert) { told.push_back(std::move(alert)); });
  return told;
}

TEST(Noise, LetsEverythingPassUnlessToldOtherwise) {
  Noise noise({});
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(noise.Pass(AlertOf("r"), 1));
  EXPECT_TRUE(Due(noise, ~std::uint64_t{0} - 1).empty());
}

TEST(Noise, EachRuleHasABurstAndARate) {
  NoiseLimits limits;
  limits.rate = 60;
  limits.burst = 3;
  Noise noise(limits);
  int passed = 0;
  for (int i = 0; i < 10; ++i) passed += noise.Pass(AlertOf("a"), kSecond) ? 1 : 0;
  EXPECT_EQ(passed, 3);
  EXPECT_TRUE(noise.Pass(AlertOf("b"), kSecond)) << "another rule has its own";
  EXPECT_FALSE(noise.Pass(AlertOf("a"), kSecond + kSecond / 2));
  EXPECT_TRUE(noise.Pass(AlertOf("a"), 2 * kSecond)) << "one a second";
  EXPECT_FALSE(noise.Pass(AlertOf("a"), 2 * kSecond));
  passed = 0;
  for (int i = 0; i < 10; ++i) passed += noise.Pass(AlertOf("a"), 3600 * kSecond) ? 1 : 0;
  EXPECT_EQ(passed, 3) << "never more than the burst";
}

TEST(Noise, ASummaryCountsWhatWasHeldBack) {
  NoiseLimits limits;
  limits.rate = 1;
  limits.burst = 1;
  Noise noise(limits);
  for (int i = 0; i < 8; ++i) noise.Pass(AlertOf("a"), 10 * kSecond);
  noise.Pass(AlertOf("quiet"), 10 * kSecond);
  EXPECT_TRUE(Due(noise, 69 * kSecond).empty());
  const auto told = Due(noise, 70 * kSecond);
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].rule, "Alerts held back");
  EXPECT_EQ(told[0].priority, alert::Priority::kCritical);
  EXPECT_EQ(told[0].message,
            "7 alerts of rule 'a' were held back since 1970-01-01T00:00:00.000000005Z: "
            "0 repeats, 7 above the rate");
  EXPECT_EQ(std::get<std::int64_t>(told[0].fields[1].second), 7);
  EXPECT_TRUE(Due(noise, 700 * kSecond).empty()) << "told once";
  EXPECT_EQ(noise.held_back(), 7u);
}

TEST(Noise, WhatIsAlikeInTheFieldsIsARepeat) {
  NoiseLimits limits;
  limits.repeat_window_ns = 10 * kSecond;
  limits.repeat_fields = {"container.id", "fd.name"};
  Noise noise(limits);
  EXPECT_TRUE(noise.Pass(AlertOf("a", "c1", "x"), 1));
  EXPECT_FALSE(noise.Pass(AlertOf("a", "c1", "x"), 9 * kSecond));
  EXPECT_TRUE(noise.Pass(AlertOf("a", "c2", "x"), 2)) << "another container";
  EXPECT_TRUE(noise.Pass(AlertOf("a", "c1", "y"), 2)) << "another name";
  EXPECT_TRUE(noise.Pass(AlertOf("b", "c1", "x"), 2)) << "another rule";
  EXPECT_TRUE(noise.Pass(AlertOf("a", "c1x", ""), 2)) << "values are not run together";
  EXPECT_TRUE(noise.Pass(AlertOf("a", "c1", "x"), 10 * kSecond + 1)) << "the window is over";
}

TEST(Noise, WhatTheRateHeldBackWasNotTold) {
  NoiseLimits limits;
  limits.rate = 60;
  limits.burst = 1;
  limits.repeat_window_ns = 1000 * kSecond;
  limits.repeat_fields = {"fd.name"};
  Noise noise(limits);
  EXPECT_TRUE(noise.Pass(AlertOf("a", "", "x"), kSecond));
  EXPECT_FALSE(noise.Pass(AlertOf("a", "", "y"), kSecond)) << "above the rate";
  EXPECT_TRUE(noise.Pass(AlertOf("a", "", "y"), 3 * kSecond)) << "is news still";
  EXPECT_FALSE(noise.Pass(AlertOf("a", "", "y"), 5 * kSecond)) << "now it is not";
}

TEST(Noise, RepeatsAreRememberedWithinBounds) {
  NoiseLimits limits;
  limits.repeat_window_ns = 1000 * kSecond;
  limits.repeat_fields = {"fd.name"};
  limits.repeats_bytes = 100'000;
  Noise noise(limits);
  for (int i = 0; i < 1000; ++i) {
    EXPECT_TRUE(noise.Pass(AlertOf("a", "", std::string(1000, 'x') + std::to_string(i)), 1));
  }
  EXPECT_FALSE(noise.Pass(AlertOf("a", "", std::string(1000, 'x') + "999"), 1));
  EXPECT_TRUE(noise.Pass(AlertOf("a", "", std::string(1000, 'x') + "0"), 1)) << "long forgotten";
}

TEST(Noise, OtherLimitsCountFromTheNextAlertOn) {
  NoiseLimits limits;
  limits.rate = 1;
  limits.burst = 1;
  Noise noise(limits);
  EXPECT_TRUE(noise.Pass(AlertOf("a"), kSecond));
  EXPECT_FALSE(noise.Pass(AlertOf("a"), kSecond));
  limits.burst = 3;
  noise.SetLimits(limits);
  int passed = 0;
  for (int i = 0; i < 10; ++i) passed += noise.Pass(AlertOf("a"), kSecond) ? 1 : 0;
  EXPECT_EQ(passed, 3) << "bursts begin anew";
  noise.SetLimits({});
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(noise.Pass(AlertOf("a"), kSecond));
  const auto told = Due(noise, 61 * kSecond);
  ASSERT_EQ(told.size(), 1u) << "what was held back before is told without limits, too";
  EXPECT_EQ(std::get<std::int64_t>(told[0].fields[1].second), 8);
}

TEST(Noise, WhatIsRememberedOfRepeatsGoesWithTheirFieldsOnly) {
  NoiseLimits limits;
  limits.repeat_window_ns = 10 * kSecond;
  limits.repeat_fields = {"container.id"};
  Noise noise(limits);
  EXPECT_TRUE(noise.Pass(AlertOf("a", "c"), 1));
  limits.rate = 60;
  noise.SetLimits(limits);
  EXPECT_FALSE(noise.Pass(AlertOf("a", "c"), 2)) << "the rate has nothing to do with it";
  limits.repeat_fields = {"fd.name"};
  noise.SetLimits(limits);
  EXPECT_TRUE(noise.Pass(AlertOf("a", "c"), 3)) << "another question";
  limits.repeat_window_ns = 5 * kSecond;
  noise.SetLimits(limits);
  EXPECT_TRUE(noise.Pass(AlertOf("a", "c"), 4)) << "another window";
  EXPECT_FALSE(noise.Pass(AlertOf("a", "c"), 5 * kSecond + 3));
  EXPECT_TRUE(noise.Pass(AlertOf("a", "c"), 5 * kSecond + 4));
}

TEST(Noise, NothingIsUntoldAtTheEnd) {
  NoiseLimits limits;
  limits.repeat_window_ns = kSecond;
  Noise noise(limits);
  noise.Pass(AlertOf("b"), 1);
  noise.Pass(AlertOf("b"), 1);
  noise.Pass(AlertOf("a"), 1);
  noise.Pass(AlertOf("a"), 1);
  std::vector<std::string> ids;
  noise.TellAll([&](const alert::Alert& alert) { ids.push_back(alert.id); });
  EXPECT_EQ(ids, (std::vector<std::string>{"a-held-back", "b-held-back"}));
}

}  // namespace
}  // namespace nezuban::daemon
