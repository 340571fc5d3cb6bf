// SPDX-License-Identifier: Apache-2.0
#include "daemon/loss_alerts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace nezuban::daemon {
namespace {

using testing::HasSubstr;

constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr std::uint64_t kBox = 50;

class LossAlertsTest : public testing::Test {
 protected:
  LossAlertsTest() {
    containers_.AddFound({kBox, 1, "/system.slice/box"});
    state::Container box{.full_id = "box-full", .id = "box", .runtime = "runc", .cgroup_id = kBox};
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
  losses_.Take({{{EVENT_OPEN, DROP_FLOOD, 9}}, {}});
  EXPECT_TRUE(At(3).empty()) << "floods are told by cgroup";
}

TEST_F(LossAlertsTest, FloodsAreToldByCgroupOnceAMinute) {
  losses_.Take({{{EVENT_OPEN, DROP_FLOOD, 105}}, {{kBox, 100}, {99, 5}}});
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

  losses_.Take({{}, {{kBox, 160}}});
  EXPECT_TRUE(At(60).empty()) << "within the minute";
  const auto second = At(61);
  ASSERT_EQ(second.size(), 1u);
  EXPECT_THAT(second[0].message, HasSubstr("floods: 60 ")) << "what came since";
  EXPECT_TRUE(At(600).empty());

  losses_.Take({{}, {{kBox, 3}}});
  const auto anew = At(601);
  ASSERT_EQ(anew.size(), 1u) << "the kernel side forgot it and counts anew";
  EXPECT_THAT(anew[0].message, HasSubstr("floods: 3 "));
}

TEST_F(LossAlertsTest, LossesAreToldTogether) {
  losses_.Take({{{EVENT_OPEN, DROP_RING_FULL, 7}, {EVENT_CONNECT, DROP_RECURSION, 1}}, {}});
  const auto bulk = At(1);
  ASSERT_EQ(bulk.size(), 1u);
  EXPECT_EQ(bulk[0].rule, "Events lost");
  EXPECT_EQ(bulk[0].priority, alert::Priority::kNotice);
  EXPECT_EQ(bulk[0].message,
            "8 events were lost in the kernel: 1 connect (recursion), 7 open (ring full)");

  losses_.Take({{{EVENT_OPEN, DROP_RING_FULL, 10}, {EVENT_EXEC, DROP_SCRATCH_BUSY, 2}}, {}});
  EXPECT_TRUE(At(30).empty());
  std::vector<alert::Alert> last;
  losses_.TellAll(31 * kSecond, 0, [&](alert::Alert alert) { last.push_back(alert); });
  ASSERT_EQ(last.size(), 1u) << "nothing comes after the end";
  EXPECT_EQ(last[0].priority, alert::Priority::kWarning) << "an exec counts more";
  EXPECT_EQ(last[0].message,
            "5 events were lost in the kernel: 2 execve (scratch busy), 3 open (ring full)");
}

TEST_F(LossAlertsTest, RemembersABoundedNumberOfCgroups) {
  state::LossItem item;
  for (std::uint64_t id = 1; id <= 100'000; ++id) item.floods.push_back({id, 1});
  losses_.Take(item);
  EXPECT_LE(At(1).size(), 4096u);
}

}  // namespace
}  // namespace nezuban::daemon
