// SPDX-License-Identifier: Apache-2.0
// What the API server tells, as the detector takes it: before it is there, when it comes, and as it
// changes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "detector_fixture.h"

namespace nezuban::daemon {
namespace {

using state::ClusterItem;
using state::ClusterMetadata;
using state::ClusterState;
using state::MetadataState;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr char kClusterRules[] =
    "- {rule: prod, desc: d, priority: notice, output: '%proc.name', condition: 'evt.type = execve "
    "and proc.name = buy and not k8s.ns.label[env] = test'}\n"
    "- {rule: owner, desc: d, priority: notice, output: '%proc.name of %k8s.workload.name', "
    "condition: evt.type = execve and proc.name = sell}\n";

class ClusterTest : public DetectorTest {
 protected:
  ClusterTest() { detector_->SetRules(Rules(kClusterRules)); }

  void Tell(const std::string& env, const std::string& uid = "1234") {
    ClusterMetadata known{.state = ClusterState::kTold, .name = "web-0", .ns = "shop", .uid = uid};
    known.ns_labels = state::Labels{{"env", env}};
    known.owners = {{"StatefulSet", "web", "s-1", std::nullopt}};
    known.owners_whole = true;
    Take(ClusterItem{uid, std::make_shared<const ClusterMetadata>(known)});
  }
  void Asked() { Take(ClusterItem{}); }
  void Known() {
    Take(state::ContainerItem{Box()});
    Take(state::ContainerItem{Told("shop", MetadataState::kComplete)});
  }
};

TEST_F(ClusterTest, WithoutAServerNothingIsWaitedFor) {
  Known();
  Exec(20, "buy", kBox);
  Exec(21, "sell", kBox);
  EXPECT_THAT(Alerts(), ElementsAre("prod: buy", "owner: sell of <NA>"));
  EXPECT_EQ(counters().held, 0u);
}

TEST_F(ClusterTest, ItsAnswerIsWaitedFor) {
  Asked();
  Known();
  Exec(20, "buy", kBox);
  Exec(21, "sell", kBox);
  EXPECT_THAT(Alerts(), IsEmpty());
  Tell("prod", "another");
  EXPECT_THAT(Alerts(), IsEmpty()) << "of another pod";
  Tell("prod");
  EXPECT_THAT(Alerts(), ElementsAre("prod: buy", "owner: sell of web"));
  Tell("test");
  Exec(22, "buy", kBox);
  EXPECT_THAT(Alerts(), IsEmpty()) << "labels count as they are now";
}

TEST_F(ClusterTest, ButNotForLong) {
  Asked();
  Known();
  Exec(20, "buy", kBox);
  Exec(21, "sell", kBox);
  Tick(milliseconds(600));
  ASSERT_EQ(alerts_.size(), 2u);
  EXPECT_THAT(alerts_[0].uncertain, ElementsAre("k8s.ns.label[env]"))
      << "an exception never holds for what nobody told";
  EXPECT_EQ(counters().expired, 2u);
}

TEST_F(ClusterTest, WhatTheRuntimeTellsLaterChangesNothing) {
  Asked();
  Known();
  Tell("test");
  Take(state::ContainerItem{Told("shop", MetadataState::kComplete)});
  Exec(20, "buy", kBox);
  EXPECT_THAT(Alerts(), IsEmpty());
}

TEST_F(ClusterTest, AContainerOfNoPodIsDecidedAtOnce) {
  Asked();
  Take(state::ContainerItem{Box()});
  Exec(20, "buy", kBox);
  EXPECT_THAT(Alerts(), ElementsAre("prod: buy"));
}

}  // namespace
}  // namespace nezuban::daemon
