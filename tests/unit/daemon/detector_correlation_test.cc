// SPDX-License-Identifier: Apache-2.0
// Rules that come after others, and that count, in the detector: what waits, what feeds, what
// stays.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "detector_fixture.h"

namespace nezuban::daemon {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr char kSequence[] =
    "- {rule: first, desc: d, priority: notice, alert: false, output: o, condition: evt.type = "
    "execve and proc.name = one and container.id != host}\n"
    "- {rule: then, desc: d, priority: notice, output: '%proc.name', condition: evt.type = execve "
    "and proc.name = two, after: {rule: first, within: 5s}}\n"
    "- {rule: often, desc: d, priority: notice, output: '%proc.name', condition: evt.type = execve "
    "and proc.name = thrice, count: {at_least: 3, within: 10s}}\n";

TEST_F(DetectorTest, AnAlertNamesWhatItCameAfter) {
  detector_->SetRules(Rules(kSequence));
  Take(state::ContainerItem{Box()});
  Exec(1100, "two", 10);
  EXPECT_THAT(Alerts(), IsEmpty());
  clock_.Advance(milliseconds(10));
  Exec(1101, "one", kBox);
  clock_.Advance(milliseconds(4999));
  Exec(1102, "two", 10);
  ASSERT_EQ(alerts_.size(), 1u);
  ASSERT_EQ(alerts_[0].related.size(), 1u);
  EXPECT_EQ(alerts_[0].related[0].rule, "first");
  EXPECT_EQ(alerts_[0].time_ns - alerts_[0].related[0].time_ns, 4'999'000'000);
  EXPECT_FALSE(alerts_[0].related[0].uncertain);
  clock_.Advance(milliseconds(2));
  Exec(1103, "two", 10);
  EXPECT_EQ(alerts_.size(), 1u);
}

// The first of the two waits for its container; what comes after it must wait with it.
TEST_F(DetectorTest, WhatComesAfterAHeldMatchWaitsForIt) {
  detector_->SetRules(Rules(kSequence));
  Exec(1101, "one", kBox);
  clock_.Advance(milliseconds(10));
  Exec(1102, "two", 10);
  EXPECT_THAT(Alerts(), IsEmpty());
  EXPECT_EQ(counters().held_now, 2u);
  Take(state::ContainerItem{Box()});
  Tick(milliseconds(600));
  ASSERT_EQ(alerts_.size(), 1u);
  EXPECT_FALSE(alerts_[0].related[0].uncertain);
  EXPECT_EQ(counters().held_now, 0u);
}

TEST_F(DetectorTest, AHeldMatchThatIsNoneFeedsNothing) {
  detector_->SetRules(Rules(kSequence));
  Exec(1101, "one", kBox);
  clock_.Advance(milliseconds(10));
  Exec(1102, "two", 10);
  Take(state::CgroupItem{{kBox, 1, "/other.slice"}});
  Tick(milliseconds(600));
  EXPECT_THAT(Alerts(), IsEmpty());
  EXPECT_EQ(counters().held_now, 0u);
  Exec(1103, "two", 10);
  EXPECT_EQ(counters().held_now, 0u) << "nothing to wait for any more";
}

TEST_F(DetectorTest, AMatchThatStayedOpenSaysSo) {
  detector_->SetRules(Rules(kSequence));
  Exec(1101, "one", kBox);
  clock_.Advance(milliseconds(10));
  Exec(1102, "two", 10);
  Tick(milliseconds(600));
  ASSERT_EQ(alerts_.size(), 1u);
  EXPECT_TRUE(alerts_[0].related[0].uncertain);
}

TEST_F(DetectorTest, CountsSurviveAReloadOfTheSameRule) {
  detector_->SetRules(Rules(kSequence));
  Exec(1101, "thrice", 10);
  Exec(1102, "thrice", 10);
  detector_->SetRules(Rules(std::string(kSequence) +
                            "- {rule: new, desc: d, priority: notice, output: o, condition: "
                            "evt.type = connect}\n"));
  Exec(1103, "thrice", 10);
  EXPECT_THAT(Alerts(), ElementsAre("often: thrice count=3"));
  std::string changed = kSequence;
  changed.replace(changed.find("within: 10s"), 11, "within: 20s");
  detector_->SetRules(Rules(changed));
  detector_->RefreshCounters();
  EXPECT_EQ(counters().correlated_groups, 0u);
}

TEST_F(DetectorTest, ARuleThatOnlyFeedsHidesNoOther) {
  detector_ = std::make_unique<Detector>(
      Rules(std::string(kSequence) +
            "- {rule: any, desc: d, priority: notice, output: o, condition: evt.type = execve}\n"),
      DetectorOptions{.node = {"node", "run"},
                      .hold = {.time_ns = 0},
                      .rule_matching = filter::RuleMatching::kFirst},
      [this](const auto& alert) { alerts_.push_back(*alert); });
  Take(state::ContainerItem{Box()});
  Exec(1101, "one", kBox);
  Exec(1102, "thrice", 10);
  EXPECT_THAT(Alerts(), ElementsAre("any: o", "any: o"));
  clock_.Advance(milliseconds(1));
  Exec(1103, "two", 10);
  EXPECT_THAT(Alerts(), ElementsAre("then: two"));
}

}  // namespace
}  // namespace nezuban::daemon
