// SPDX-License-Identifier: Apache-2.0
// Items in, alerts out; what waits, for how long, and that nothing is lost by it.
#include "daemon/detector.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <string>
#include <vector>

#include "detector_fixture.h"

namespace nezuban::daemon {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testlib::Actor;
using testlib::Argv;

TEST_F(DetectorTest, WhatArrivesInTimeDecides) {
  Exec(1100, "cat", kBox);
  EXPECT_THAT(Alerts(), IsEmpty());
  EXPECT_EQ(counters().held, 1u);
  EXPECT_EQ(counters().held_now, 1u);
  Tick(milliseconds(300));
  Take(state::ContainerItem{Box(51)});
  EXPECT_THAT(Alerts(), IsEmpty()) << "another container";
  Take(state::ContainerItem{Box()});
  EXPECT_THAT(Alerts(), ElementsAre("in a container: cat sh in box"));
  EXPECT_EQ(counters().resolved, 1u);
  EXPECT_EQ(counters().held_now, 0u);
  Tick(milliseconds(900));
  EXPECT_THAT(Alerts(), IsEmpty());
  EXPECT_EQ(counters().expired, 0u);
}

TEST_F(DetectorTest, WhatArrivesCanSayNo) {
  Exec(1100, "cat", kBox);
  Take(state::CgroupItem{{kBox, 1, "/other.slice"}});
  EXPECT_EQ(counters().resolved, 1u);
  Tick(milliseconds(900));
  EXPECT_THAT(Alerts(), IsEmpty());
}

TEST_F(DetectorTest, WhatDoesNotArriveAlertsMarked) {
  Exec(1100, "cat", kBox);
  Tick(milliseconds(499));
  EXPECT_THAT(Alerts(), IsEmpty());
  Tick(milliseconds(1));
  EXPECT_THAT(Alerts(), ElementsAre("in a container: cat sh in <NA> [container.id]"));
  EXPECT_EQ(counters().expired, 1u);
  EXPECT_EQ(counters().held_now, 0u);
}

TEST_F(DetectorTest, LaterEventsAreAClockToo) {
  Exec(1100, "cat", kBox);
  clock_.Advance(milliseconds(500));
  Exec(1101, "any", 10);
  EXPECT_THAT(Alerts(),
              ElementsAre("in a container: cat sh in <NA> [container.id]", "any exec: any"));
}

TEST_F(DetectorTest, ACertainAlertWaitsForItsContainerToo) {
  Exec(1100, "any", kBox);
  EXPECT_THAT(Alerts(), IsEmpty());
  Take(state::ContainerItem{Box()});
  EXPECT_THAT(Alerts(), ElementsAre("in a container: any sh in box", "any exec: any"));
}

TEST_F(DetectorTest, TextThatWasCutIsNotWaitedFor) {
  auto exec = testlib::Exec({.tgid = 1100, .comm = "cat", .cgroup_id = 10}, "/bin/cat");
  exec.Text(exec->args, Argv({"cat", "hay"}), 9000);
  const testlib::Record record = exec.Build();
  Take(state::RecordItem{record.bytes()});
  EXPECT_THAT(Alerts(), ElementsAre("long: cat [proc.args]"));
  EXPECT_EQ(counters().held, 0u);
}

// What an event is judged by is how things were then, but for what was not known.
TEST_F(DetectorTest, HoldsTheProcessAndItsAncestorsAsTheyWere) {
  Exec(1100, "cat", kBox);
  clock_.Advance(milliseconds(10));
  Exec(1000, "not-sh", 10, 1);
  Exec(1100, "not-cat", 10);
  Alerts();
  Take(state::ContainerItem{Box()});
  EXPECT_THAT(Alerts(), ElementsAre("in a container: cat sh in box"));
}

TEST_F(DetectorTest, NoRoomMeansDecidedAtOnceAndCounted) {
  Make({.time_ns = 500'000'000, .events = 2});
  for (std::uint32_t i = 0; i < 3; ++i) Exec(1100 + i, "cat" + std::to_string(i), kBox);
  EXPECT_THAT(Alerts(), ElementsAre("in a container: cat2 sh in <NA> [container.id]"));
  EXPECT_EQ(counters().overflowed, 1u);
  Take(state::ContainerItem{Box()});
  EXPECT_THAT(Alerts(),
              ElementsAre("in a container: cat0 sh in box", "in a container: cat1 sh in box"));
}

TEST_F(DetectorTest, MemoryIsBounded) {
  Make({.time_ns = 500'000'000, .events = 1000, .bytes = 65536});
  for (std::uint32_t i = 0; i < 100; ++i) {
    Exec(1100 + i, "cat", kBox, 1000, Argv({"cat", std::string(8000, 'x')}));
  }
  EXPECT_GT(counters().overflowed, 90u);
  EXPECT_GT(counters().held_now, 1u);
  EXPECT_EQ(counters().held + counters().overflowed, 100u);
  Tick(milliseconds(500));
  EXPECT_EQ(alerts_.size(), 100u);
  Exec(2000, "cat", kBox);
  EXPECT_EQ(counters().held_now, 1u) << "there is room again";
}

TEST_F(DetectorTest, WithoutATimeNothingIsHeld) {
  Make({.time_ns = 0});
  Exec(1100, "cat", kBox);
  EXPECT_THAT(Alerts(), ElementsAre("in a container: cat sh in <NA> [container.id]"));
}

TEST_F(DetectorTest, TheEndDecidesWhatIsHeld) {
  Exec(1100, "cat", kBox);
  detector_->Finish();
  EXPECT_THAT(Alerts(), ElementsAre("in a container: cat sh in <NA> [container.id]"));
}

TEST_F(DetectorTest, NewRulesAreAskedFromTheNextEventOn) {
  Exec(1100, "cat", kBox);
  detector_->SetRules(Rules(
      "- {rule: new, desc: d, priority: notice, output: new, condition: evt.type = execve}\n"));
  Exec(1101, "any", 10);
  EXPECT_THAT(Alerts(), ElementsAre("new: new"));
  Take(state::ContainerItem{Box()});
  EXPECT_THAT(Alerts(), ElementsAre("in a container: cat sh in box")) << "the rule that held it";
}

using state::MetadataState;

TEST_F(DetectorTest, AnExceptionForANamespaceWaitsForIt) {
  Take(state::ContainerItem{Box()});
  Take(state::ContainerItem{Pending()});
  Exec(1100, "buy1", kBox);
  EXPECT_THAT(Alerts(), IsEmpty());
  Take(state::ContainerItem{Told("kube-system", MetadataState::kPending)});
  EXPECT_THAT(Alerts(), ElementsAre("in a container: buy1 sh in box")) << "the exception holds";
  Take(state::ContainerItem{Told("shop", MetadataState::kPending)});
  Exec(1101, "buy2", kBox);
  ASSERT_EQ(alerts_.size(), 2u);
  const alert::Alert alert = alerts_[1];
  EXPECT_THAT(Alerts(), ElementsAre("in a container: buy2 sh in box", "shop: buy2 of web-0"));
  EXPECT_EQ(alert.workload.pod, "web-0");
  EXPECT_EQ(alert.workload.pod_namespace, "shop");
  EXPECT_EQ(alert.workload.pod_uid, "1234");
  EXPECT_EQ(alert.workload.image, "shop/web:v1");
  EXPECT_EQ(alert.workload.container_name, "web");
  EXPECT_EQ(alert.origin_workload.pod, "web-0");
  EXPECT_TRUE(alert.metadata_known);
  EXPECT_EQ(counters().alerts_without_metadata, 0u);
}

TEST_F(DetectorTest, ACertainAlertWaitsForItsPodAndForWhatItPrints) {
  Take(state::ContainerItem{Box()});
  Take(state::ContainerItem{Pending()});
  Exec(1100, "sell", kBox);
  EXPECT_THAT(Alerts(), IsEmpty());
  Take(state::ContainerItem{Told("shop", MetadataState::kPending)});
  EXPECT_THAT(Alerts(), ElementsAre("in a container: sell sh in box")) << "labels are printed";
  Take(state::ContainerItem{Told("shop", MetadataState::kComplete)});
  EXPECT_THAT(Alerts(), ElementsAre("certain: sell a:b"));
}

TEST_F(DetectorTest, WithoutItsPodAnAlertIsMarkedAndCounted) {
  Take(state::ContainerItem{Box()});
  Take(state::ContainerItem{Pending()});
  Exec(1100, "sell", kBox);
  Exec(1101, "buy", kBox);
  Tick(milliseconds(501));
  const std::string none = " [k8s.pod.name] [k8s.ns.name] [container.image]";
  EXPECT_THAT(Alerts(),
              ElementsAre("in a container: sell sh in box" + none, "certain: sell <NA>" + none,
                          "in a container: buy sh in box" + none,
                          "shop: buy of <NA> [k8s.ns.name] [k8s.pod.name] [container.image]"));
  EXPECT_EQ(counters().alerts_without_metadata, 4u);
}

TEST_F(DetectorTest, WhereNoMetadataWillComeNothingWaits) {
  Take(state::ContainerItem{Box()});
  Exec(1100, "buy", kBox);
  EXPECT_THAT(Alerts(), ElementsAre("in a container: buy sh in box", "shop: buy of <NA>"));
  EXPECT_EQ(counters().held, 0u);
  EXPECT_EQ(counters().alerts_without_metadata, 0u);
}

TEST_F(DetectorTest, MalformedRecordsAreCounted) {
  const testlib::Record record = testlib::Exec({}, "/bin/x").Build();
  Take(state::RecordItem{record.bytes().first(150)});
  Take(state::RecordItem{record.bytes().first(20)});
  EXPECT_EQ(counters().malformed[EVENT_EXEC], 1u);
  EXPECT_EQ(counters().malformed_unknown, 1u);
}

// Rules that look at more than one event

// Holding changes when an alert comes and what it knows, never whether: every event that alerts
// without holding does so with it, unless what arrived said no for certain.
TEST_F(DetectorTest, HoldingLosesNoAlert) {
  std::mt19937 random(17);  // NOLINT: the same every time
  for (int round = 0; round < 200; ++round) {
    struct Step {
      int what;
      std::uint32_t tgid;
      std::uint64_t cgroup;
      int ms;
    };
    std::vector<Step> steps;
    for (std::uint32_t i = 0; i < 40; ++i) {
      steps.push_back({static_cast<int>(random() % 4), 1100 + i, kBox + random() % 4,
                       static_cast<int>(random() % 200)});
    }
    const auto run = [&](HoldLimits limits) {
      clock_ = testlib::FakeClock(2'000'000'000'000);
      seq_ = 0;
      Make(limits);
      for (const Step& step : steps) {
        if (step.what <= 1) Exec(step.tgid, "any", step.cgroup);
        if (step.what == 2) Take(state::ContainerItem{Box(step.cgroup)});
        Tick(milliseconds(step.ms));
      }
      detector_->Finish();
      std::vector<std::string> ids;
      for (const alert::Alert& alert : alerts_) ids.push_back(alert.id);
      std::ranges::sort(ids);
      return ids;
    };
    const auto plain = run({.time_ns = 0});
    ASSERT_EQ(run({.time_ns = 500'000'000}), plain) << "round " << round;
    ASSERT_EQ(run({.time_ns = 500'000'000, .events = 3}), plain) << "round " << round;
  }
}

TEST_F(DetectorTest, NoRuleIsAskedOfTheSelfTest) {
  const auto act = [&](auto draft, std::uint32_t flags = 0) {
    draft->hdr.seq = seq_++;
    draft->hdr.flags = flags;
    const testlib::Record record = draft.Build();
    Take(state::RecordItem{record.bytes()});
  };
  constexpr std::uint64_t kSecond = 1'000'000'000;
  const Actor monitor{.tgid = 1900, .start_ns = 1900 * kSecond, .time_ns = clock_.now_ns()};
  const Actor child{.tgid = 2000, .start_ns = 2000 * kSecond, .time_ns = clock_.now_ns()};
  act(testlib::Fork(monitor, 2000, 2000 * kSecond), RECORD_OWN);
  act(testlib::Fork(child, 2001, 2001 * kSecond));
  Exec(2001, "any", 10);
  act(testlib::Exit(child));
  EXPECT_THAT(Alerts(), IsEmpty());
  EXPECT_EQ(counters().self_test[EVENT_FORK], 2u);
  EXPECT_EQ(counters().self_test[EVENT_EXEC], 1u);
  EXPECT_EQ(counters().self_test[EVENT_EXIT], 1u);
  // Of anybody else it is: with the same parent, with the same number later.
  Exec(2002, "any", 10, 1900);
  EXPECT_EQ(Alerts().size(), 1u);
  const Actor later{.tgid = 2001,
                    .start_ns = 2003 * kSecond,
                    .comm = "any",
                    .cgroup_id = 10,
                    .time_ns = clock_.now_ns()};
  act(testlib::Exec(later, "/bin/x", ""));
  EXPECT_EQ(Alerts().size(), 1u);
}

TEST_F(DetectorTest, AnAlertNamesItsNode) {
  detector_ = std::make_unique<Detector>(
      Rules(kRules), DetectorOptions{.node = {"host", "run", "worker-1", "east"}},
      [this](const auto& alert) { alerts_.push_back(*alert); });
  Take(state::CgroupItem{{10, 1, "/host.slice"}});
  Exec(2000, "any", 10);
  ASSERT_EQ(alerts_.size(), 1u);
  EXPECT_EQ(alerts_[0].node, "worker-1");
  EXPECT_EQ(alerts_[0].cluster, "east");
  EXPECT_EQ(alerts_[0].hostname, "host");
}

TEST_F(DetectorTest, CountsAlertsByRule) {
  Exec(2000, "any", 10);
  Exec(2001, "any", 10);
  detector_->RefreshCounters();
  EXPECT_EQ(counters().rule_alerts.Read(), (RuleAlerts::Counts{{"any exec", 2}}));
}

}  // namespace
}  // namespace nezuban::daemon
