// SPDX-License-Identifier: Apache-2.0
#include "daemon/loss_alerts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "testlib/second.h"

namespace nezuban::daemon {
namespace {

using testing::HasSubstr;
using testlib::kSecond;

constexpr std::uint64_t kLosingBox = 50;

class LossAlertsTest : public testing::Test {
 protected:
  LossAlertsTest() {
    containers_.AddFound({kLosingBox, 1, "/system.slice/box"});
    state::Container box{
        .full_id = "box-full", .id = "box", .runtime = "runc", .cgroup_id = kLosingBox};
    box.metadata.pod = {.name = "web-1", .ns = "shop"};
    containers_.Set(box);
  }

  // What is told at that second.
  std::vector<alert::Alert> At(std::uint64_t second) {
    std::vector<alert::Alert> told;
    losses_.TellDue(second * kSecond, 7, [&](alert::Alert alert) { told.push_back(alert); });
    return told;
  }

  state::ContainerTable containers_;
  LossAlerts losses_{{"node-1", "run-1"}, containers_};
};

TEST_F(LossAlertsTest, NothingLostNothingTold) {
  EXPECT_TRUE(At(1).empty());
  losses_.Take({});
  EXPECT_TRUE(At(2).empty());
}

TEST_F(LossAlertsTest, FloodsOfForgottenCgroupsAreToldTogether) {
  losses_.Take({{{EVENT_OPEN, DROP_FLOOD, 9}, {EVENT_CONNECT, DROP_FLOOD, 2}}, {{kLosingBox, 4}}});
  const auto told = At(1);
  ASSERT_EQ(told.size(), 2u);
  EXPECT_EQ(told[0].rule, "Flood of events from a cgroup");
  EXPECT_EQ(told[1].message,
            "7 events were lost in the kernel: 7 of cgroups not known any more (flood)");
  losses_.Take({{{EVENT_OPEN, DROP_FLOOD, 10}}, {}});
  const auto more = At(61);
  ASSERT_EQ(more.size(), 1u);
  EXPECT_THAT(more[0].message, HasSubstr(": 1 of cgroups"));
}

TEST_F(LossAlertsTest, FloodsAreToldByCgroupOnceAMinute) {
  losses_.Take({{{EVENT_OPEN, DROP_FLOOD, 105}}, {{kLosingBox, 100}, {99, 5}}});
  const auto first = At(1);
  ASSERT_EQ(first.size(), 2u);
  EXPECT_EQ(first[0].rule, "Flood of events from a cgroup");
  EXPECT_EQ(first[0].source, "nezuban");
  EXPECT_EQ(first[0].hostname, "node-1");
  EXPECT_EQ(first[0].time_ns, static_cast<std::int64_t>(kSecond) + 7);
  EXPECT_EQ(first[0].priority, alert::Priority::kWarning);
  EXPECT_EQ(first[0].container_id, "box-full");
  EXPECT_EQ(first[0].workload.pod, "web-1");
  EXPECT_THAT(first[0].message, HasSubstr("of container box (pod shop/web-1) floods: 100 "));
  EXPECT_FALSE(first[1].container_known);
  EXPECT_THAT(first[1].message, HasSubstr("cgroup 99 floods: 5 "));
  EXPECT_NE(first[0].id, first[1].id);

  losses_.Take({{}, {{kLosingBox, 160}}});
  EXPECT_TRUE(At(60).empty()) << "within the minute";
  const auto second = At(61);
  ASSERT_EQ(second.size(), 1u);
  EXPECT_THAT(second[0].message, HasSubstr("floods: 60 ")) << "what came since";
  EXPECT_TRUE(At(600).empty());

  losses_.Take({{}, {{kLosingBox, 3}}});
  const auto anew = At(601);
  ASSERT_EQ(anew.size(), 1u) << "the kernel side forgot it and counts anew";
  EXPECT_THAT(anew[0].message, HasSubstr("floods: 3 "));
}

TEST_F(LossAlertsTest, LossesAreToldTogether) {
  losses_.Take({{{EVENT_OPEN, DROP_RING_FULL, 7},
                 {EVENT_CONNECT, DROP_RECURSION, 1},
                 {EVENT_EXEC, DROP_RECURSION, 1}},
                {}});
  const auto bulk = At(1);
  ASSERT_EQ(bulk.size(), 1u);
  EXPECT_EQ(bulk[0].rule, "Events lost");
  EXPECT_EQ(bulk[0].priority, alert::Priority::kNotice);
  EXPECT_EQ(bulk[0].message,
            "8 events were lost in the kernel: 7 open (ring full), 1 or fewer of any (recursion)")
      << "a miss that may have been of either counts once, and is no exec for certain";

  losses_.Take({{{EVENT_OPEN, DROP_RING_FULL, 10}, {EVENT_EXEC, DROP_SCRATCH_BUSY, 2}}, {}});
  EXPECT_TRUE(At(30).empty());
  std::vector<alert::Alert> last;
  losses_.TellAll(31 * kSecond, 0, [&](alert::Alert alert) { last.push_back(alert); });
  ASSERT_EQ(last.size(), 1u) << "nothing comes after the end";
  EXPECT_EQ(last[0].priority, alert::Priority::kWarning) << "an exec counts more";
  EXPECT_EQ(last[0].message,
            "5 events were lost in the kernel: 2 execve (scratch busy), 3 open (ring full)");
}

TEST_F(LossAlertsTest, ThousandsOfFloodsAreBounded) {
  state::LossItem item{{{EVENT_OPEN, DROP_FLOOD, 100'000}}, {}};
  for (std::uint64_t id = 1; id <= 100'000; ++id) item.floods.push_back({id, 1});
  losses_.Take(item);
  std::uint64_t told = 0;
  std::vector<alert::Alert> alerts = At(1);
  EXPECT_EQ(alerts.size(), 65u) << "and one of all that were too many";
  losses_.TellAll(2 * kSecond, 0, [&](alert::Alert alert) { alerts.push_back(alert); });
  for (const alert::Alert& alert : alerts) {
    for (const auto& [name, value] : alert.fields) {
      if (name == "lost") told += static_cast<std::uint64_t>(std::get<std::int64_t>(value));
    }
  }
  EXPECT_EQ(told, 100'000u) << "none is missing";
}

}  // namespace
}  // namespace nezuban::daemon
