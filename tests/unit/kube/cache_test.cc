// SPDX-License-Identifier: Apache-2.0
#include "kube/cache.h"

#include <gtest/gtest.h>

#include <string>

#include "unit/kube/cache_fixture.h"

namespace nezuban::kube {
namespace {

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
  Object again = pod;
  again.uid = "uid-2";
  pods_.Put(again);
  EXPECT_EQ(pods_.Find("77ff")->uid, "uid-2") << "the kubelet made it anew";
  pods_.Remove(pod);
  for (const char* name : {"a", "b", "c"}) {
    pods_.Put(Named(name));
    pods_.Remove(Named(name));
  }
  EXPECT_NE(pods_.Find("77ff"), nullptr) << "the one before it has left";
}

TEST_F(CacheTest, APodThatClaimsToBeAnothersMirror) {
  limits_.ended_pods = 0;
  Pods pods(limits_);
  Object forged = Named("forged", "evil");
  forged.node_uid = "uid-web";
  pods.Put(forged);
  pods.Put(Named("web"));
  EXPECT_EQ(pods.Find("uid-web")->name, "web") << "its own uid counts for more";
  pods.Put(forged);
  EXPECT_EQ(pods.Find("uid-web")->name, "web");
  pods.Remove(forged);
  ASSERT_NE(pods.Find("uid-web"), nullptr) << "it was not the one that left";

  Object mirror = Named("etcd", "kube-system");
  mirror.node_uid = forged.node_uid = "77ff";
  pods.Put(mirror);
  pods.Put(forged);
  EXPECT_EQ(pods.Find("77ff")->name, "etcd");
  pods.Remove(mirror);
  EXPECT_EQ(pods.Find("77ff"), nullptr);
}

TEST_F(CacheTest, PodsAndOwnersAreBoundedInBytes) {
  limits_.pod_bytes = limits_.owner_bytes = 3000;
  Pods pods(limits_);
  Object big = Named("big");
  big.labels = {{"k", std::string(2000, 'v')}};
  pods.Put(big);
  pods.Put(big);
  EXPECT_NE(pods.Find("uid-big"), nullptr) << "counted once";
  Object another = big;
  another.uid = "uid-another";
  pods.Put(another);
  EXPECT_EQ(pods.Find("uid-another"), nullptr);
  EXPECT_TRUE(pods.lost());

  Owners owners(limits_);
  std::vector<state::ClusterOwner> chain;
  for (const char* name : {"a", "b"}) {
    chain.clear();
    EXPECT_FALSE(owners.Chain(ReplicaSet(name), "shop", chain, now_));
    Object object = Named(name);
    object.labels = big.labels;
    owners.Tell(owners.Next(now_)->key, Owners::Told::kObject, object, now_);
  }
  EXPECT_EQ(owners.dropped(), 1u);
  chain.clear();
  EXPECT_TRUE(owners.Chain(ReplicaSet("a"), "shop", chain, now_));
  EXPECT_FALSE(owners.Chain(ReplicaSet("b"), "shop", chain, now_)) << "unknown, not absent";
  owners.ForgetUnnamed();
  owners.ForgetUnnamed();
  EXPECT_FALSE(owners.Chain(ReplicaSet("b"), "shop", chain, now_));
  Object object = Named("b");
  object.labels = big.labels;
  EXPECT_TRUE(owners.Tell(owners.Next(now_)->key, Owners::Told::kObject, object, now_))
      << "room again";
}

TEST_F(CacheTest, AnOwnersUidInAnotherNamespaceIsAnothersWord) {
  std::vector<state::ClusterOwner> chain;
  owners_.Chain(ReplicaSet("rs"), "evil", chain, now_);
  Owner("uid-rs", Owners::Told::kGone);
  chain.clear();
  EXPECT_FALSE(owners_.Chain(ReplicaSet("rs"), "shop", chain, now_)) << "not gone here";
  Object rs = Named("rs");
  rs.labels = {{"team", "a"}};
  Owner("uid-rs", Owners::Told::kObject, rs);
  chain.clear();
  EXPECT_TRUE(owners_.Chain(ReplicaSet("rs"), "shop", chain, now_));
  EXPECT_EQ(chain[0].labels, rs.labels);
  chain.clear();
  owners_.Chain(ReplicaSet("rs"), "evil", chain, now_);
  EXPECT_EQ(chain[0].labels, std::nullopt);
  OwnerReference named = ReplicaSet("rs");
  named.name = "another";
  chain.clear();
  EXPECT_FALSE(owners_.Chain(named, "shop", chain, now_));
  EXPECT_EQ(chain[0].labels, std::nullopt);
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
  EXPECT_EQ(wanted_.dropped(), 96u) << "of pods that live, or may";
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
  Owner("uid-rs", Owners::Told::kFailed);
  EXPECT_FALSE(owners_.Next(now_));
  EXPECT_EQ(owners_.NextTime(), now_ + std::chrono::seconds(1));
  now_ += std::chrono::seconds(1);
  Owner("uid-rs", Owners::Told::kFailed);
  EXPECT_EQ(owners_.NextTime(), now_ + std::chrono::seconds(2)) << "less and less often";
  now_ += std::chrono::seconds(2);
  Owner("uid-rs", Owners::Told::kGone);
  EXPECT_TRUE(owners_.Chain(ReplicaSet("rs"), "shop", chain, now_)) << "nobody is above it";
  now_ += std::chrono::hours(1);
  Object another = Named("rs");
  another.uid = "uid-2";
  Owner("uid-rs", Owners::Told::kObject, another);
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
  Owner("uid-rs", Owners::Told::kObject, rs);
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
