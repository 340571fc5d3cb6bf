// SPDX-License-Identifier: Apache-2.0
// Fields that the container's runtime answers: before it has, once it has, and where nobody will.
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "unit/fields/field_reader.h"

namespace nezuban::fields {
namespace {

using state::MetadataState;

state::Container Web() {
  state::Container c{.full_id = "3ad7b26ded6dffff",
                     .id = "3ad7b26ded6d",
                     .runtime = "containerd",
                     .cgroup_id = 50};
  c.metadata = {
      .state = MetadataState::kComplete,
      .name = "web",
      .image = "registry.local:5000/team/web:v1",
      .image_id = "sha256:aa",
      .image_digest = "sha256:bb",
      .labels = state::Labels{{"app", "web"}, {"io.kubernetes.pod.name", "p"}, {"z", ""}},
      .mounts = std::vector<state::ContainerMount>{{"/var/lib/x", "/etc/hosts", true, "private"},
                                                   {"/", "/host", false, "rslave"}},
      .privileged = true,
      .seccomp = true,
      .start_ns = 1'000'000'000'000,
      .annotations = state::Labels{{"note", "x"}},
      .user = state::ContainerUser{1000, 7},
      .capabilities = "CAP_CHOWN CAP_KILL",
      .pod = {.name = "web-0",
              .ns = "shop",
              .uid = "1234-5678",
              .sandbox_id = "00112233445566",
              .ip = "10.77.0.9",
              .labels = state::Labels{{"tier", "front"}, {"v", "2"}},
              .host_network = false,
              .host_pid = true,
              .host_ipc = false,
              .annotations = state::Labels{{"owner", "team"}},
              .cni = "{}"}};
  return c;
}

struct Case {
  std::string_view field;
  std::string_view told;
  std::string_view host;
};

// Every field of the runtime: its value, and what the host has.
constexpr Case kCases[] = {
    {"container.name", "web", "host"},
    {"container.image", "registry.local:5000/team/web:v1", ""},
    {"container.image.repository", "registry.local:5000/team/web", ""},
    {"container.image.tag", "v1", ""},
    {"container.image.id", "sha256:aa", ""},
    {"container.image.digest", "sha256:bb", ""},
    {"container.privileged", "true", "false"},
    {"container.seccomp", "true", "false"},
    {"container.start_ts", "1000000000000", "absent"},
    {"container.duration", "5000000000", "absent"},
    {"container.ip", "10.77.0.9", ""},
    {"container.host_pid", "true", "false"},
    {"container.host_network", "false", "false"},
    {"container.host_ipc", "false", "false"},
    {"container.label[app]", "web", "absent"},
    {"container.labels", "app:web, z:", ""},
    {"container.mounts", "/var/lib/x:/etc/hosts::true:private,/:/host::false:rslave", ""},
    {"container.mount[0]", "/var/lib/x:/etc/hosts::true:private", "absent"},
    {"container.mount[/]", "/:/host::false:rslave", "absent"},
    {"container.mount.source[/host]", "/", "absent"},
    {"container.mount.dest[/var/*]", "/etc/hosts", "absent"},
    {"container.mount.mode[0]", "", "absent"},
    {"container.mount.rdwr[1]", "false", "absent"},
    {"container.mount.propagation[1]", "rslave", "absent"},
    {"k8s.pod.name", "web-0", "absent"},
    {"k8s.pod.uid", "1234-5678", "absent"},
    {"k8s.pod.id", "1234-5678", "absent"},
    {"k8s.pod.sandbox_id", "001122334455", "absent"},
    {"k8s.pod.full_sandbox_id", "00112233445566", "absent"},
    {"k8s.pod.label[tier]", "front", "absent"},
    {"k8s.pod.labels", "tier:front, v:2", "absent"},
    {"k8s.pod.ip", "10.77.0.9", "absent"},
    {"k8s.ns.name", "shop", "absent"},
    {"k8s.pod.annotation[owner]", "team", "absent"},
    {"k8s.pod.annotations", "owner:team", "absent"},
    {"k8s.pod.cni.json", "{}", "absent"},
    {"container.cni.json", "{}", ""},
    {"container.annotation[note]", "x", "absent"},
    {"container.annotations", "note:x", ""},
    {"container.user.uid", "1000", "absent"},
    {"container.user.gid", "7", "absent"},
    {"container.capabilities", "CAP_CHOWN CAP_KILL", ""},
};

class MetadataFieldsTest : public testing::Test {
 protected:
  MetadataFieldsTest() { reader_.container = &web_; }

  std::string Read(std::string_view field) { return reader_.Text(record_, field); }

  state::Container web_ = Web();
  Reader reader_;
  testlib::Record record_ =
      testlib::Exec({.tgid = 20, .time_ns = 1'005'000'000'000}, "/bin/sh").Build();
};

TEST_F(MetadataFieldsTest, AreWhatTheRuntimeTold) {
  for (const Case& c : kCases) EXPECT_EQ(Read(c.field), c.told) << c.field;
}

TEST_F(MetadataFieldsTest, OfTheHost) {
  reader_.container = &reader_.host;
  for (const Case& c : kCases) EXPECT_EQ(Read(c.field), c.host) << c.field;
}

TEST_F(MetadataFieldsTest, AreUnknownAsLongAsTheyMayCome) {
  web_.metadata = {.state = MetadataState::kPending};
  for (const Case& c : kCases) EXPECT_EQ(Read(c.field), "unknown") << c.field;
  web_.metadata.pod.ns = "shop";
  EXPECT_EQ(Read("k8s.ns.name"), "shop") << "what came first";
  EXPECT_EQ(Read("k8s.pod.name"), "unknown");
  reader_.container = nullptr;
  for (const Case& c : kCases) EXPECT_EQ(Read(c.field), "unknown") << c.field;
}

TEST_F(MetadataFieldsTest, AreAbsentWhereNobodyTellsThem) {
  web_.metadata = {};
  for (const Case& c : kCases) EXPECT_EQ(Read(c.field), "absent") << c.field;
  web_.metadata.state = MetadataState::kComplete;
  for (const Case& c : kCases) EXPECT_EQ(Read(c.field), "absent") << c.field;
  web_ = Web();
  EXPECT_EQ(Read("container.label[none]"), "absent");
  EXPECT_EQ(Read("container.mount[2]"), "absent");
  EXPECT_EQ(Read("container.mount.dest[/none]"), "absent");
}

TEST_F(MetadataFieldsTest, WhatWasCutOffIsUnknown) {
  web_.metadata.labels->list[0].whole = false;
  EXPECT_EQ(Read("container.label[app]"), "web…");
  EXPECT_EQ(Read("container.label[none]"), "absent");
  EXPECT_EQ(Read("container.labels"), "app:web…");
  web_.metadata.annotations->whole = false;
  EXPECT_EQ(Read("container.annotation[note]"), "x");
  EXPECT_EQ(Read("container.annotation[none]"), "unknown");
  EXPECT_EQ(Read("container.annotations"), "note:x…");
  web_.metadata.mounts_whole = false;
  EXPECT_EQ(Read("container.mount[0]"), "/var/lib/x:/etc/hosts::true:private");
  EXPECT_EQ(Read("container.mount[2]"), "unknown");
  EXPECT_EQ(Read("container.mount.dest[/none]"), "unknown");
  EXPECT_EQ(Read("container.mounts"), "/var/lib/x:/etc/hosts::true:private,/:/host::false:rslave…");
}

TEST_F(MetadataFieldsTest, AContainerInTheContainer) {
  EXPECT_EQ(Read("container.inner"), "absent");
  const state::Container inner{
      .full_id = "11223344556677", .id = "112233445566", .runtime = "docker"};
  const event::Event event = record_.event();
  state::EnrichedEvent enriched = reader_.Enrich(event);
  enriched.inner = &inner;
  EXPECT_EQ(reader_.Text(enriched, "container.inner"), "112233445566");
  EXPECT_EQ(reader_.Text(enriched, "container.inner.full_id"), "11223344556677");
  EXPECT_EQ(reader_.Text(enriched, "container.inner.type"), "docker");
  EXPECT_EQ(reader_.Text(enriched, "container.id"), "3ad7b26ded6d") << "the runtime's level";
}

TEST(SplitImageName, KnowsPortsTagsAndDigests) {
  struct Row {
    std::string_view image, repository, tag, digest;
  };
  constexpr Row kRows[] = {
      {"nginx", "nginx", "", ""},
      {"docker.io/library/nginx:1.27", "docker.io/library/nginx", "1.27", ""},
      {"localhost:5000/a", "localhost:5000/a", "", ""},
      {"localhost:5000/a:b", "localhost:5000/a", "b", ""},
      {"a/b@sha256:00ff", "a/b", "", "sha256:00ff"},
      {"r:1/a/b:t@sha256:00ff", "r:1/a/b", "t", "sha256:00ff"},
      {"sha256:00ff", "", "", "sha256:00ff"},
      {"", "", "", ""},
      {":", "", "", ""},
      {"@", "", "", ""},
      {"a:b:c", "a:b", "c", ""},
  };
  for (const Row& row : kRows) {
    const state::ImageName name = state::SplitImageName(row.image);
    EXPECT_EQ(name.repository, row.repository) << row.image;
    EXPECT_EQ(name.tag, row.tag) << row.image;
    EXPECT_EQ(name.digest, row.digest) << row.image;
  }
}

// A test row for every field of the runtime.
TEST(MetadataFields, AllHaveACase) {
  std::set<std::string_view> tested;
  for (const Case& c : kCases) tested.insert(LongestField(c.field)->ref.def->name);
  for (const FieldDef* def : FieldTable()) {
    const bool of_runtime = def->name.starts_with("container.") || def->name.starts_with("k8s.");
    const bool of_cgroup = def->name.starts_with("container.origin") ||
                           def->name.starts_with("container.inner") ||
                           std::set<std::string_view>{"container.id", "container.full_id",
                                                      "container.type", "container.cgroup"}
                               .contains(def->name);
    // What the API server tells: cluster_fields_test.cc.
    bool of_cluster = def->name.starts_with("k8s.ns.") && def->name != "k8s.ns.name";
    for (const std::string_view of : {"k8s.rs.", "k8s.rc.", "k8s.deployment.", "k8s.workload."}) {
      of_cluster |= def->name.starts_with(of);
    }
    if (!of_runtime || of_cgroup || of_cluster || def->get == nullptr) continue;
    EXPECT_TRUE(tested.contains(def->name)) << def->name;
  }
}

}  // namespace
}  // namespace nezuban::fields
