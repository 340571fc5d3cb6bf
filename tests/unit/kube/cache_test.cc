// SPDX-License-Identifier: Apache-2.0
#include "kube/cache.h"

#include <gtest/gtest.h>

#include <string>

#include "kube/wanted.h"

namespace nezuban::kube {
namespace {

using state::ClusterMetadata;
using state::ClusterState;
using Told = Owners::Told;

OwnerReference ReplicaSet(const std::string& name) {
  return {"apps/v1", "ReplicaSet", name, "uid-" + name};
}

Object Named(const std::string& name, const std::string& ns = "shop") {
  return {.name = name, .ns = ns, .uid = "uid-" + name};
}

class CacheTest : public testing::Test {
 protected:
  std::optional<ClusterMetadata> Tell(bool all = true) {
    auto items = wanted_.Tell(all, now_);
    if (items.empty()) return std::nullopt;
    EXPECT_EQ(items.size(), 1u);
    return *items.back().metadata;
  }
  void Owner(const std::string& uid, Told told, std::optional<Object> object = std::nullopt) {
    const auto due = owners_.Next(now_);
    ASSERT_TRUE(due);
    EXPECT_EQ(due->uid, uid);
    owners_.Tell(due->uid, told, std::move(object), now_);
  }

  CacheLimits limits_{.pods = 4, .ended_pods = 2, .namespaces = 3, .owners = 3};
  Time now_ = Time() + std::chrono::hours(1);
  Pods pods_{limits_};
  Namespaces namespaces_{limits_};
  Owners owners_{limits_};
  Wanted wanted_{pods_, namespaces_, owners_, 4, std::chrono::seconds(10)};
};

TEST_F(CacheTest, APodWithItsOwnersAsTheyAreTold) {
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
  Owner("uid-rs", Told::kObject, rs);
  Object ns = Named("shop", "");
  ns.labels = {{"team", "a"}};
  namespaces_.Put(ns);
  known = Tell();
  ASSERT_TRUE(known);
  EXPECT_EQ(known->ns_labels, (state::Labels{{"team", "a"}}));
  EXPECT_EQ(known->ns_uid, "uid-shop");
  ASSERT_EQ(known->owners.size(), 2u);
  EXPECT_FALSE(known->owners_whole) << "who controls the Deployment nobody said";
  Owner("uid-shop", Told::kObject, Named("shop"));
  known = Tell();
  ASSERT_TRUE(known);
  EXPECT_TRUE(known->owners_whole);
  EXPECT_FALSE(Tell()) << "nothing is new";
  EXPECT_EQ(wanted_.pending(), 0u);

  wanted_.Add("uid-web", now_);
  EXPECT_EQ(Tell(false), known) << "another container asks";
}

TEST_F(CacheTest, APodThatNobodyHas) {
  wanted_.Add("uid-x", now_);
  now_ += std::chrono::minutes(1);
  EXPECT_FALSE(Tell()) << "no list was read";
  pods_.BeginList();
  pods_.EndList();
  const auto known = Tell(false);
  ASSERT_TRUE(known);
  EXPECT_EQ(known->state, ClusterState::kNobodys);
  pods_.Put(Named("x"));
  EXPECT_EQ(Tell()->state, ClusterState::kTold) << "later it has";
}

TEST_F(CacheTest, AnEndedPodIsRememberedForAWhile) {
  pods_.BeginList();
  for (const char* name : {"a", "b", "c"}) pods_.Put(Named(name));
  pods_.EndList();
  pods_.Remove(Named("a"));
  EXPECT_NE(pods_.Find("uid-a"), nullptr);
  pods_.BeginList();
  pods_.Put(Named("d"));
  pods_.EndList();
  EXPECT_NE(pods_.Find("uid-d"), nullptr);
  EXPECT_EQ(pods_.size(), 3u) << "two that ended, and one that lives";
  EXPECT_EQ(pods_.Find("uid-a"), nullptr) << "ended first";
}

TEST_F(CacheTest, APodOfAFileIsKnownByWhatTheNodeCallsIt) {
  Object pod = Named("etcd");
  pod.node_uid = "77ff";
  pods_.Put(pod);
  EXPECT_NE(pods_.Find("77ff"), nullptr);
  EXPECT_EQ(pods_.Find("uid-etcd"), nullptr);
}

TEST_F(CacheTest, Bounds) {
  for (int i = 0; i < 100; ++i) {
    const std::string name = "n" + std::to_string(i);
    pods_.Put(Named(name));
    namespaces_.Put(Named(name, ""));
    std::vector<state::ClusterOwner> chain;
    owners_.Chain(ReplicaSet(name), "shop", chain, now_);
    wanted_.Add("uid-" + name, now_);
  }
  EXPECT_EQ(pods_.size(), 4u);
  EXPECT_EQ(pods_.dropped(), 96u);
  EXPECT_EQ(namespaces_.size(), 3u);
  EXPECT_EQ(namespaces_.dropped(), 97u);
  EXPECT_EQ(owners_.size(), 3u);
  EXPECT_EQ(owners_.dropped(), 97u);
  EXPECT_EQ(wanted_.pending(), 4u);
  namespaces_.BeginList();
  namespaces_.EndList();
  EXPECT_EQ(namespaces_.size(), 0u);
}

TEST_F(CacheTest, NamespacesAreBoundedInBytes) {
  limits_.namespace_bytes = 1000;
  Namespaces small(limits_);
  Object big = Named("big", "");
  big.labels = {{"k", std::string(2000, 'v')}};
  small.Put(big);
  EXPECT_EQ(small.Find("big"), nullptr);
  EXPECT_EQ(small.dropped(), 1u);
  Object fits = Named("big", "");
  small.Put(fits);
  EXPECT_NE(small.Find("big"), nullptr);
  small.Put(big);
  EXPECT_EQ(small.Find("big"), nullptr) << "what was known of it is no longer so";
}

TEST_F(CacheTest, OwnersAreAskedAgain) {
  std::vector<state::ClusterOwner> chain;
  EXPECT_FALSE(owners_.Chain(ReplicaSet("rs"), "shop", chain, now_));
  Owner("uid-rs", Told::kRefused);
  EXPECT_FALSE(owners_.Next(now_));
  EXPECT_EQ(owners_.NextTime(), now_ + std::chrono::seconds(1));
  now_ += std::chrono::seconds(1);
  Owner("uid-rs", Told::kFailed);
  EXPECT_EQ(owners_.NextTime(), now_ + std::chrono::seconds(2)) << "less and less often";
  now_ += std::chrono::seconds(2);
  Owner("uid-rs", Told::kGone);
  EXPECT_TRUE(owners_.Chain(ReplicaSet("rs"), "shop", chain, now_)) << "nobody is above it";
  now_ += std::chrono::hours(1);
  Object another = Named("rs");
  another.uid = "uid-2";
  Owner("uid-rs", Told::kObject, another);
  chain.clear();
  EXPECT_TRUE(owners_.Chain(ReplicaSet("rs"), "shop", chain, now_));
  EXPECT_EQ(chain[0].labels, std::nullopt) << "another of the same name";
  owners_.ForgetUnnamed();
  owners_.ForgetUnnamed();
  EXPECT_EQ(owners_.size(), 0u);
}

TEST_F(CacheTest, OwnersInACircleEnd) {
  std::vector<state::ClusterOwner> chain;
  owners_.Chain(ReplicaSet("rs"), "shop", chain, now_);
  Object rs = Named("rs");
  rs.controller = ReplicaSet("rs");
  Owner("uid-rs", Told::kObject, rs);
  chain.clear();
  EXPECT_FALSE(owners_.Chain(ReplicaSet("rs"), "shop", chain, now_));
  EXPECT_EQ(chain.size(), 4u);
}

TEST(OwnerPath, KindsThatAreRead) {
  EXPECT_EQ(OwnerPath({"apps/v1", "ReplicaSet", "a", "1"}, "ns"),
            "/apis/apps/v1/namespaces/ns/replicasets/a");
  EXPECT_EQ(OwnerPath({"batch/v1", "Job", "a", "1"}, "ns"), "/apis/batch/v1/namespaces/ns/jobs/a");
  EXPECT_EQ(OwnerPath({"v1", "ReplicationController", "a", "1"}, "ns"),
            "/api/v1/namespaces/ns/replicationcontrollers/a");
  EXPECT_EQ(OwnerPath({"apps/v1", "StatefulSet", "a", "1"}, "ns"), "") << "nothing is above it";
  EXPECT_EQ(OwnerPath({"evil/v1", "ReplicaSet", "a", "1"}, "ns"), "");
  EXPECT_EQ(OwnerPath({"apps/v1", "ReplicaSet", "../a", "1"}, "ns"), "");
  EXPECT_EQ(OwnerPath({"apps/v1", "ReplicaSet", "a", "1"}, "../ns"), "");
}

}  // namespace
}  // namespace nezuban::kube
