// SPDX-License-Identifier: Apache-2.0
// Fields that the cluster's API server answers: with all it can tell, with less, and without it.
#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>

#include "unit/fields/field_reader.h"

namespace nezuban::fields {
namespace {

using state::ClusterMetadata;
using state::ClusterState;
using state::MetadataState;

ClusterMetadata Web() {
  return {.state = ClusterState::kTold,
          .name = "web-0",
          .ns = "shop",
          .uid = "1234",
          .labels = state::Labels{{"tier", "front"}},
          .ns_uid = "ns-1",
          .ns_labels = state::Labels{{"env", "prod"}, {"team", "a"}},
          .owners = {{"ReplicaSet", "web-7d", "rs-1", state::Labels{{"hash", "7d"}}},
                     {"Deployment", "web", "d-1", state::Labels{{"app", "web"}}}},
          .owners_whole = true};
}

struct Case {
  std::string_view field;
  std::string_view told;    // of the pod above
  std::string_view little;  // of one of which neither owners nor namespace are known
};

constexpr Case kCases[] = {
    {"k8s.ns.id", "ns-1", "unknown"},
    {"k8s.ns.label[team]", "a", "unknown"},
    {"k8s.ns.labels", "env:prod, team:a", "unknown"},
    {"k8s.rs.name", "web-7d", "unknown"},
    {"k8s.rs.id", "rs-1", "unknown"},
    {"k8s.rs.label[hash]", "7d", "unknown"},
    {"k8s.rs.labels", "hash:7d", "unknown"},
    {"k8s.deployment.name", "web", "unknown"},
    {"k8s.deployment.id", "d-1", "unknown"},
    {"k8s.deployment.label[app]", "web", "unknown"},
    {"k8s.deployment.labels", "app:web", "unknown"},
    {"k8s.rc.name", "absent", "unknown"},
    {"k8s.rc.id", "absent", "unknown"},
    {"k8s.rc.label[a]", "absent", "unknown"},
    {"k8s.rc.labels", "absent", "unknown"},
    {"k8s.workload.kind", "Deployment", "unknown"},
    {"k8s.workload.name", "web", "unknown"},
    {"k8s.workload.uid", "d-1", "unknown"},
    {"k8smeta.pod.name", "web-0", "web-0"},
    {"k8smeta.pod.uid", "1234", "1234"},
    {"k8smeta.pod.label[tier]", "front", "front"},
    {"k8smeta.pod.labels", "tier:front", "tier:front"},
    {"k8smeta.ns.name", "shop", "shop"},
    {"k8smeta.ns.uid", "ns-1", "unknown"},
    {"k8smeta.ns.label[env]", "prod", "unknown"},
    {"k8smeta.ns.labels", "env:prod, team:a", "unknown"},
    {"k8smeta.deployment.name", "web", "unknown"},
    {"k8smeta.deployment.uid", "d-1", "unknown"},
    {"k8smeta.deployment.label[app]", "web", "unknown"},
    {"k8smeta.deployment.labels", "app:web", "unknown"},
    {"k8smeta.rs.name", "web-7d", "unknown"},
    {"k8smeta.rs.uid", "rs-1", "unknown"},
    {"k8smeta.rs.label[hash]", "7d", "unknown"},
    {"k8smeta.rs.labels", "hash:7d", "unknown"},
    {"k8smeta.rc.name", "absent", "unknown"},
    {"k8smeta.rc.uid", "absent", "unknown"},
    {"k8smeta.rc.label[a]", "absent", "unknown"},
    {"k8smeta.rc.labels", "absent", "unknown"},
};

class ClusterFieldsTest : public testing::Test {
 protected:
  ClusterFieldsTest() {
    container_ = {.full_id = "full", .id = "short", .runtime = "containerd", .cgroup_id = 50};
    container_.metadata.state = MetadataState::kComplete;
    container_.metadata.pod.uid = "1234";
    reader_.container = &container_;
    Set(Web());
  }

  void Set(ClusterMetadata known) {
    container_.cluster = std::make_shared<const ClusterMetadata>(std::move(known));
  }
  std::string Read(std::string_view field) { return reader_.Text(record_, field); }
  void ExpectAll(std::string_view value) {
    for (const Case& c : kCases) EXPECT_EQ(Read(c.field), value) << c.field;
  }

  state::Container container_;
  Reader reader_;
  testlib::Record record_ = testlib::Exec({.tgid = 20}, "/bin/sh").Build();
};

TEST_F(ClusterFieldsTest, AreWhatTheServerTold) {
  for (const Case& c : kCases) EXPECT_EQ(Read(c.field), c.told) << c.field;
  EXPECT_EQ(Read("k8s.ns.label[none]"), "absent");
}

TEST_F(ClusterFieldsTest, WhatItDidNotTellIsUnknown) {
  ClusterMetadata little = Web();
  little.ns_uid = "";
  little.ns_labels = std::nullopt;
  little.owners.clear();
  little.owners_whole = false;
  Set(little);
  for (const Case& c : kCases) EXPECT_EQ(Read(c.field), c.little) << c.field;
  little.owners = {{"ReplicaSet", "web-7d", "rs-1", std::nullopt}};
  Set(little);
  EXPECT_EQ(Read("k8s.rs.name"), "web-7d") << "known from the pod";
  EXPECT_EQ(Read("k8s.rs.label[hash]"), "unknown");
  EXPECT_EQ(Read("k8s.deployment.name"), "unknown");
  EXPECT_EQ(Read("k8s.workload.name"), "unknown");
}

TEST_F(ClusterFieldsTest, OfAReplicationController) {
  ClusterMetadata known = Web();
  known.owners = {{"ReplicationController", "old", "rc-1", state::Labels{{"a", "b"}}}};
  Set(known);
  EXPECT_EQ(Read("k8s.rc.name"), "old");
  EXPECT_EQ(Read("k8s.rc.label[a]"), "b");
  EXPECT_EQ(Read("k8smeta.rc.name"), "[old]");
  EXPECT_EQ(Read("k8smeta.rc.uid"), "[rc-1]");
  EXPECT_EQ(Read("k8smeta.rc.label[a]"), "[b]");
  EXPECT_EQ(Read("k8smeta.rc.labels"), "[a:b]");
  EXPECT_EQ(Read("k8s.rs.name"), "absent");
  EXPECT_EQ(Read("k8s.workload.kind"), "ReplicationController");
  known.owners.clear();
  Set(known);
  EXPECT_EQ(Read("k8s.workload.kind"), "absent") << "a pod of nobody's";
}

TEST_F(ClusterFieldsTest, AreUnknownAsLongAsNobodyAnswered) {
  Set({});
  ExpectAll("unknown");
  container_.metadata.pod.uid.clear();
  ExpectAll("absent");  // it is no pod's
  container_.metadata.state = MetadataState::kPending;
  ExpectAll("unknown");
  reader_.container = nullptr;
  ExpectAll("unknown");
}

TEST_F(ClusterFieldsTest, AreAbsentWithoutAServerAndOfWhatItDoesNotHave) {
  Set({.state = ClusterState::kNobodys});
  ExpectAll("absent");
  container_.cluster = nullptr;
  ExpectAll("absent");
  container_.metadata.state = MetadataState::kPending;
  ExpectAll("absent");
  reader_.container = &reader_.host;
  ExpectAll("absent");
}

TEST(ClusterFields, AllHaveACaseAndAreWaitedFor) {
  std::set<std::string_view> tested;
  for (const Case& c : kCases) tested.insert(LongestField(c.field)->ref.def->name);
  for (const FieldDef* def : FieldTable()) {
    if (!def->name.starts_with("k8smeta.") || def->get == nullptr) continue;
    EXPECT_TRUE(tested.contains(def->name)) << def->name;
  }
  for (const std::string_view name : tested) EXPECT_TRUE(MayArrive(*FindField(name))) << name;
}

}  // namespace
}  // namespace nezuban::fields
