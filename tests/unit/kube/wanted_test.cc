// SPDX-License-Identifier: Apache-2.0
#include "kube/wanted.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "unit/kube/cache_fixture.h"

namespace nezuban::kube {
namespace {

using state::ClusterState;
using WantedTest = CacheTest;

TEST_F(WantedTest, APodWithItsOwnersAsTheyAreTold) {
  wanted_.Add("uid-web", now_);
  EXPECT_FALSE(Tell()) << "not there yet";
  EXPECT_EQ(wanted_.pending(), 1u);
  Object pod = Named("web");
  pod.controller = ReplicaSet("rs");
  pods_.Put(pod);
  auto known = Tell(false);
  ASSERT_TRUE(known);
  EXPECT_EQ(known->state, ClusterState::kTold);
  EXPECT_EQ(known->ns_labels, std::nullopt);
  ASSERT_EQ(known->owners.size(), 1u);
  EXPECT_EQ(known->owners[0].name, "rs") << "its name comes with the pod";
  EXPECT_FALSE(known->owners_whole);

  Object rs = Named("rs");
  rs.controller = OwnerReference{"apps/v1", "Deployment", "shop", "uid-shop"};
  Owner("uid-rs", Owners::Told::kObject, rs);
  Object ns = Named("shop", "");
  ns.labels = {{"team", "a"}};
  namespaces_.Put(ns);
  known = Tell();
  ASSERT_TRUE(known);
  EXPECT_EQ(known->ns_labels, (state::Labels{{"team", "a"}}));
  EXPECT_EQ(known->ns_uid, "uid-shop");
  ASSERT_EQ(known->owners.size(), 2u);
  EXPECT_FALSE(known->owners_whole) << "who controls the Deployment nobody said";
  Owner("uid-shop", Owners::Told::kObject, Named("shop"));
  known = Tell();
  ASSERT_TRUE(known);
  EXPECT_TRUE(known->owners_whole);
  EXPECT_FALSE(Tell()) << "nothing is new";
  EXPECT_EQ(wanted_.pending(), 0u);

  wanted_.Add("uid-web", now_);
  EXPECT_EQ(Tell(false), known) << "another container asks";
}

TEST_F(WantedTest, APodThatNobodyHas) {
  List({"a"});
  wanted_.Heard(now_);
  wanted_.Add("uid-x", now_);
  now_ += std::chrono::minutes(1);
  EXPECT_FALSE(Tell()) << "nothing was heard since: the server may be gone, or refuse";
  wanted_.Heard(now_ - std::chrono::seconds(51));
  EXPECT_FALSE(Tell()) << "nor long enough after it was asked for";
  wanted_.Heard(now_);
  const auto known = Tell(false);
  ASSERT_TRUE(known);
  EXPECT_EQ(known->state, ClusterState::kNobodys);
  EXPECT_EQ(wanted_.pending(), 0u);
  pods_.Put(Named("x"));
  EXPECT_EQ(Tell()->state, ClusterState::kTold) << "later it has";
}

TEST_F(WantedTest, ANodeWithoutPodsMayHaveAnotherName) {
  List({});
  wanted_.Add("uid-x", now_);
  now_ += std::chrono::minutes(1);
  wanted_.Heard(now_);
  EXPECT_FALSE(Tell());
  List({"a"});
  EXPECT_EQ(Tell()->state, ClusterState::kNobodys);
}

TEST_F(WantedTest, WhereThereWasNoRoomAPodMayBeThere) {
  List({"a", "b", "c", "d", "e"});
  EXPECT_EQ(pods_.dropped(), 1u);
  wanted_.Add("uid-e", now_);
  now_ += std::chrono::minutes(1);
  wanted_.Heard(now_);
  EXPECT_FALSE(Tell());
  pods_.BeginList();
  EXPECT_FALSE(Tell()) << "the list is not whole yet";
  for (const char* name : {"a", "b", "c"}) pods_.Put(Named(name));
  pods_.EndList();
  EXPECT_EQ(Tell()->state, ClusterState::kNobodys);
  pods_.Put(Named("f"));
  EXPECT_FALSE(pods_.lost()) << "one that had ended made room";
  EXPECT_EQ(pods_.Find("uid-d"), nullptr);
  pods_.Put(Named("g"));
  EXPECT_TRUE(pods_.lost());
}

TEST_F(WantedTest, AControllerThatCannotBeReadIsUnknown) {
  Object pod = Named("web");
  pod.controller_unreadable = true;
  pods_.Put(pod);
  wanted_.Add("uid-web", now_);
  auto known = Tell();
  ASSERT_TRUE(known);
  EXPECT_EQ(known->state, ClusterState::kTold);
  EXPECT_FALSE(known->owners_whole);

  pod.controller_unreadable = false;
  pod.controller = ReplicaSet("rs");
  pods_.Put(pod);
  Tell();
  Object rs = Named("rs");
  rs.controller_unreadable = true;
  Owner("uid-rs", Owners::Told::kObject, rs);
  known = Tell();
  ASSERT_TRUE(known);
  EXPECT_FALSE(known->owners_whole) << "nor is who is above";
}

TEST_F(WantedTest, LivingPodsAreToldOfHoweverManyCome) {
  pods_.Put(Named("old"));
  wanted_.Add("uid-old", now_);
  Tell();
  for (int i = 0; i < 20; ++i) {
    const std::string name = "n" + std::to_string(i);
    pods_.Put(Named(name));
    wanted_.Add("uid-" + name, now_);
    EXPECT_TRUE(Tell()) << name;
    pods_.Remove(Named(name));
  }
  EXPECT_EQ(wanted_.dropped(), 0u);
  Object ns = Named("shop", "");
  namespaces_.Put(ns);
  std::set<std::string> told;
  for (const auto& item : wanted_.Tell(true, now_)) told.insert(item.pod_uid);
  EXPECT_TRUE(told.contains("uid-old"));
  wanted_.Add("uid-a", now_);
  EXPECT_EQ(wanted_.dropped(), 0u);
  wanted_.Add("uid-b", now_);
  EXPECT_EQ(wanted_.dropped(), 1u) << "of whom nothing was told yet";
}

TEST_F(WantedTest, WhatWasToldIsNotKeptForPodsThatLeft) {
  pods_.Put(Named("a"));
  wanted_.Add("uid-a", now_);
  auto items = wanted_.Tell(true, now_);
  ASSERT_EQ(items.size(), 1u);
  pods_.Remove(Named("a"));
  for (const char* name : {"b", "c"}) {
    pods_.Put(Named(name));
    pods_.Remove(Named(name));
  }
  EXPECT_EQ(pods_.Find("uid-a"), nullptr);
  now_ += std::chrono::minutes(1);
  wanted_.Heard(now_);
  EXPECT_FALSE(Tell()) << "it is still that pod's";
  EXPECT_EQ(items[0].metadata.use_count(), 1);
  wanted_.Add("uid-a", now_);
  EXPECT_FALSE(Tell());
}

}  // namespace
}  // namespace nezuban::kube
