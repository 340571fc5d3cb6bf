// SPDX-License-Identifier: Apache-2.0
#include "state/container_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "testlib/fake_clock.h"
#include "testlib/record_builder.h"

namespace nezuban::state {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testlib::Cgroup;
using testlib::Draft;
using testlib::FakeClock;
using testlib::kCgroupAttach;
using testlib::kCgroupMkdir;
using testlib::kCgroupRmdir;

const std::string kId(64, 'a');
const std::string kOther(64, 'b');
const std::string kDocker = "/system.slice/docker-" + kId + ".scope";

class ContainerTableTest : public testing::Test {
 protected:
  void Apply(Draft<cgroup_record> draft) {
    draft->hdr.time_ns = clock_.Advance(std::chrono::milliseconds(1));
    const testlib::Record record = draft.Build();
    const event::Event event = record.event();
    table_.Apply(event, *event.As<cgroup_record>());
  }
  void Mkdir(std::uint64_t id, std::uint64_t parent, std::string_view path) {
    Apply(Cgroup(kCgroupMkdir, id, parent, path));
  }
  void Rmdir(std::uint64_t id) { Apply(Cgroup(kCgroupRmdir, id, 1, "/gone")); }
  // What the kernel side says of a cgroup.
  void Say(std::uint8_t variant, std::uint64_t id, std::uint64_t parent, std::string_view path,
           std::uint64_t container, std::string_view comm = "runc:[1:CHILD]") {
    auto draft = Cgroup(variant, id, parent, path, {.comm = comm});
    draft->container_cgroup_id = container;
    Apply(std::move(draft));
  }
  // Somebody in cgroup 5 clones a process into another.
  void Fork(std::uint64_t cgroup, std::uint64_t origin, std::string_view comm) {
    Draft<fork_record> draft({.comm = comm, .cgroup_id = 5});
    draft->child_cgroup_id = cgroup;
    draft->child_origin_cgroup_id = origin;
    const testlib::Record record = draft.Build();
    const event::Event event = record.event();
    table_.Apply(event, *event.As<fork_record>());
  }
  std::string IdOf(std::uint64_t cgroup_id) const {
    const Container* container = table_.Find(cgroup_id);
    return container != nullptr ? container->id : "(not known)";
  }

  FakeClock clock_;
  ContainerTable table_{{.grace_ns = 1'000'000'000, .removed = 8, .removed_containers = 3}};
};

TEST_F(ContainerTableTest, TellsContainersTheHostAndTheUnknownApart) {
  Mkdir(10, 1, "/system.slice");
  Mkdir(11, 10, kDocker);
  Mkdir(12, 11, kDocker + "/init");
  EXPECT_EQ(IdOf(10), "host");
  EXPECT_EQ(table_.Find(10), &table_.host());
  EXPECT_EQ(IdOf(11), "aaaaaaaaaaaa");
  EXPECT_EQ(table_.Find(11)->full_id, kId);
  EXPECT_EQ(table_.Find(11)->runtime, "docker");
  EXPECT_EQ(table_.Find(11)->cgroup_path, kDocker);
  EXPECT_EQ(table_.Find(12), table_.Find(11));
  EXPECT_EQ(table_.Find(99), nullptr);
  EXPECT_EQ(table_.Find(0), nullptr);
  EXPECT_TRUE(table_.host().full_id.empty());
}

// A process in a container may call a cgroup of its own like another container's.
TEST_F(ContainerTableTest, ChildrenBelongToTheContainerWhateverTheirName) {
  Mkdir(11, 1, kDocker);
  Mkdir(12, 11, "/docker-" + kOther + ".scope");
  Say(kCgroupMkdir, 13, 12, kDocker + "/x/docker-" + kOther + ".scope", 11);
  EXPECT_EQ(IdOf(12), "aaaaaaaaaaaa");
  EXPECT_EQ(IdOf(13), "aaaaaaaaaaaa");
  EXPECT_EQ(table_.container_count(), 1u);
}

// It is told besides: the runtime's level is what counts.
TEST_F(ContainerTableTest, AContainerInAContainerIsTheInnerOne) {
  const auto inner = [this](std::uint64_t cgroup_id) {
    const Container* container = table_.FindInner(cgroup_id);
    return container != nullptr ? container->runtime + " " + container->id : "none";
  };
  const std::string node = "/kubepods/pod1/" + kId;
  Mkdir(11, 1, node);
  Mkdir(12, 11, node + "/init");
  Say(kCgroupMkdir, 13, 11, node + "/docker", 11);
  Say(kCgroupMkdir, 14, 13, node + "/docker/" + kOther, 11);
  Say(kCgroupMkdir, 15, 14, node + "/docker/" + kOther + "/work", 11);
  const std::string third(64, 'c');
  Say(kCgroupMkdir, 16, 14, node + "/docker/" + kOther + "/libpod-" + third + ".scope", 11);
  for (const std::uint64_t id : {11, 12, 13, 99}) EXPECT_EQ(inner(id), "none") << id;
  EXPECT_EQ(inner(14), "docker bbbbbbbbbbbb");
  EXPECT_EQ(inner(15), "docker bbbbbbbbbbbb");
  EXPECT_EQ(inner(16), "podman cccccccccccc");
  for (const std::uint64_t id : {14, 15, 16}) EXPECT_EQ(IdOf(id), "aaaaaaaaaaaa");
  table_.AddFound({17, 14, node + "/docker/" + kOther + "/found"});
  EXPECT_EQ(inner(17), "docker bbbbbbbbbbbb");
  Rmdir(14);
  clock_.Advance(std::chrono::seconds(5));
  Mkdir(21, 1, "/a");
  EXPECT_EQ(inner(14), "none");
}

TEST_F(ContainerTableTest, PlainRuntimesAreKnownByAttachment) {
  Mkdir(20, 1, "/mybox");
  EXPECT_EQ(IdOf(20), "host");
  Say(kCgroupAttach, 20, 1, "/mybox", 20);
  EXPECT_EQ(IdOf(20), "mybox");
  EXPECT_EQ(table_.Find(20)->runtime, "runc");
  Say(kCgroupAttach, 21, 1, "/group/other/", 21, "crun");
  EXPECT_EQ(IdOf(21), "other");
  EXPECT_EQ(table_.Find(21)->runtime, "crun");
  Say(kCgroupMkdir, 22, 1, "/third", 22, "something");
  EXPECT_EQ(table_.Find(22)->runtime, "unknown");
  Say(kCgroupAttach, 20, 1, "/mybox", 20, "crun");
  EXPECT_EQ(table_.Find(20)->runtime, "runc") << "the first attachment told";
}

TEST_F(ContainerTableTest, PlainRuntimesCloneIntoWhatIsTheirs) {
  Mkdir(5, 1, "/session");
  Mkdir(20, 1, "/mybox");
  Fork(20, 0, "crun");
  EXPECT_EQ(IdOf(20), "host") << "the kernel side knows better";
  Fork(20, 20, "crun");
  EXPECT_EQ(IdOf(20), "mybox");
  EXPECT_EQ(table_.Find(20)->runtime, "crun");
  EXPECT_EQ(table_.Find(20)->cgroup_path, "/mybox");
  Fork(5, 5, "crun");
  EXPECT_EQ(IdOf(5), "host") << "nobody left his own";
  Fork(77, 77, "crun");
  EXPECT_EQ(IdOf(77), "(not known)") << "its path was never seen";
  Mkdir(11, 1, kDocker);
  Fork(11, 11, "runc");
  EXPECT_EQ(table_.Find(11)->runtime, "docker");
}

// The paths that are kept are those of cgroups that still can become a container.
TEST_F(ContainerTableTest, ManyThatBecameContainersLeaveRoomForTheNext) {
  for (std::uint64_t id = 100; id < 5000; ++id) {
    Mkdir(id, 1, "/box" + std::to_string(id));
    Say(kCgroupAttach, id, 1, "/box" + std::to_string(id), id);
  }
  Mkdir(20, 1, "/mybox");
  Fork(20, 20, "crun");
  EXPECT_EQ(IdOf(20), "mybox");
}

// Its own cgroup was not seen made, and goes all the same.
TEST_F(ContainerTableTest, OneKnownByWhatLiesInItGoesWithItsOwnCgroup) {
  Say(kCgroupMkdir, 12, 11, kDocker + "/init", 11);
  EXPECT_EQ(IdOf(11), "aaaaaaaaaaaa");
  Rmdir(12);
  Rmdir(11);
  for (std::uint64_t id = 100; id < 103; ++id) {
    Say(kCgroupMkdir, id, 1, "/docker/" + std::string(64, static_cast<char>(id)), id);
    Rmdir(id);
  }
  EXPECT_EQ(IdOf(11), "(not known)") << "three that ended later are remembered";
}

TEST_F(ContainerTableTest, TheNameTellsMoreThanTheAttachment) {
  Say(kCgroupAttach, 11, 1, kDocker, 11);
  EXPECT_EQ(table_.Find(11)->runtime, "docker");
}

TEST_F(ContainerTableTest, InsideAMissedContainerTheNameTellsOrNothingDoes) {
  Say(kCgroupMkdir, 31, 30, kDocker + "/inner", 30);
  EXPECT_EQ(IdOf(31), "aaaaaaaaaaaa");
  EXPECT_EQ(table_.Find(31), table_.Find(30));
  EXPECT_EQ(table_.Find(31)->cgroup_path, kDocker);
  Say(kCgroupMkdir, 41, 40, "/mybox/inner", 40);
  EXPECT_EQ(table_.Find(41), nullptr) << "neither the host nor a name that is a guess";
}

TEST_F(ContainerTableTest, HandsToTheKernelWhatOnlyUserSpaceRecognised) {
  Mkdir(10, 1, "/system.slice");
  Say(kCgroupMkdir, 11, 10, kDocker, 11);
  EXPECT_THAT(table_.TakeForKernel(), IsEmpty());
  Mkdir(12, 10, "/system.slice/runc-x.scope");
  Mkdir(13, 12, "/system.slice/runc-x.scope/y");
  EXPECT_THAT(table_.TakeForKernel(),
              ElementsAre(CgroupOfContainer{12, 12}, CgroupOfContainer{13, 12}));
  EXPECT_THAT(table_.TakeForKernel(), IsEmpty());
}

TEST_F(ContainerTableTest, RemembersRemovedCgroupsForTheGraceTime) {
  Mkdir(10, 1, "/host.slice");
  Mkdir(11, 1, kDocker);
  Mkdir(12, 11, kDocker + "/inner");
  Rmdir(12);
  Rmdir(11);
  Rmdir(10);
  EXPECT_EQ(IdOf(12), "aaaaaaaaaaaa");
  EXPECT_EQ(IdOf(10), "host");
  clock_.Advance(std::chrono::seconds(2));
  Mkdir(50, 1, "/later");
  EXPECT_EQ(IdOf(12), "(not known)");
  EXPECT_EQ(IdOf(10), "(not known)");
  EXPECT_EQ(table_.cgroup_count(), 1u);
}

// What left a container before it was removed still names it.
TEST_F(ContainerTableTest, AnOriginOutlivesItsCgroup) {
  Mkdir(11, 1, kDocker);
  Rmdir(11);
  clock_.Advance(std::chrono::hours(1));
  Mkdir(50, 1, "/later");
  EXPECT_EQ(IdOf(11), "aaaaaaaaaaaa");
}

TEST_F(ContainerTableTest, IsBoundedUnderChurn) {
  for (std::uint64_t i = 0; i < 1000; ++i) {
    Mkdir(100 + i, 1, "/runc-c" + std::to_string(i) + ".scope");
    Rmdir(100 + i);
    EXPECT_LE(table_.cgroup_count(), 10u);
    EXPECT_LE(table_.container_count(), 4u);
  }
  EXPECT_EQ(table_.evicted(), 997u);
  EXPECT_EQ(IdOf(1099), "c999");
}

TEST_F(ContainerTableTest, ChurnOnTheHostForgetsNoContainer) {
  Mkdir(11, 1, kDocker);
  Rmdir(11);
  for (std::uint64_t i = 0; i < 100; ++i) {
    Mkdir(100 + i, 1, "/session-" + std::to_string(i) + ".scope");
    Rmdir(100 + i);
  }
  EXPECT_EQ(IdOf(11), "aaaaaaaaaaaa");
  EXPECT_EQ(table_.evicted(), 0u);
}

TEST_F(ContainerTableTest, RemovalOfTheUnknownAndOfNothingIsNoError) {
  Rmdir(77);
  Rmdir(0);
  Mkdir(0, 0, "/");
  EXPECT_EQ(table_.cgroup_count(), 0u);
}

TEST_F(ContainerTableTest, WhatIsToldLaterReplacesWhatWasKnown) {
  Mkdir(11, 1, kDocker);
  table_.TakeLearned();
  Container told = *table_.Find(11);
  told.runtime = "podman";
  table_.Set(told);
  EXPECT_EQ(table_.Find(11)->runtime, "podman");
  EXPECT_THAT(table_.TakeLearned(), ElementsAre(11));
  table_.Set({.full_id = "x", .id = "x", .cgroup_id = 77});
  EXPECT_EQ(IdOf(77), "x") << "also of one whose cgroup was missed";
  table_.Set({.full_id = "no cgroup"});
  table_.Set({.cgroup_id = 78});
  EXPECT_EQ(IdOf(78), "(not known)");
}

TEST_F(ContainerTableTest, TellsOnceOfEachContainerItRecognises) {
  Mkdir(10, 1, "/system.slice");
  Mkdir(11, 1, kDocker);
  Mkdir(12, 11, kDocker + "/inner");
  EXPECT_THAT(table_.TakeRecognised(), ElementsAre(11));
  table_.AddFound({11, 1, kDocker});
  table_.Set(*table_.Find(11));
  EXPECT_THAT(table_.TakeRecognised(), IsEmpty());
}

TEST_F(ContainerTableTest, MetadataStayWithTheContainerAndComeTooLateForAForgottenOne) {
  Mkdir(11, 1, kDocker);
  Container told = *table_.Find(11);
  told.metadata = {.state = MetadataState::kComplete, .name = "web"};
  table_.Set(told);
  table_.AddFound({11, 1, kDocker});
  EXPECT_EQ(table_.Find(11)->metadata.name, "web");
  told.cgroup_id = 99;
  table_.Set(told);
  EXPECT_EQ(IdOf(99), "(not known)");
}

TEST_F(ContainerTableTest, WhatIsFoundIsToldToTheKernelIfItIsAContainers) {
  table_.AddFound({10, 1, "/system.slice"});
  table_.AddFound({11, 10, kDocker});
  table_.AddFound({12, 11, kDocker + "/inner"});
  EXPECT_THAT(table_.TakeForKernel(),
              ElementsAre(CgroupOfContainer{11, 11}, CgroupOfContainer{12, 11}));
  EXPECT_THAT(table_.TakeLearned(), ElementsAre(10, 11, 12));
  EXPECT_THAT(table_.TakeLearned(), IsEmpty());
}

TEST(ContainerTableNames, OneContainerCannotTakeTheRoomOfTheOthers) {
  const auto sized = [](std::size_t bytes) {
    return std::make_shared<const UserNames>(
        UserNames{.users = {{1000, std::string(bytes, 'a'), "", ""}}});
  };
  const std::size_t small = sized(1000)->Bytes();
  ContainerTable table({.names_bytes = 20 * small, .names_each = 12 * small});
  for (std::uint64_t id = 1; id <= 4; ++id) {
    table.Set({.full_id = std::to_string(id), .cgroup_id = id});
  }
  table.SetNames({1, NamesAnswer::kRead, sized(13 * small)});
  EXPECT_FALSE(table.Find(1)->users.names->whole) << "more than one may have";
  table.SetNames({1, NamesAnswer::kRead, sized(11 * small)});
  table.SetNames({2, NamesAnswer::kRead, sized(7 * small)});
  table.SetNames({3, NamesAnswer::kRead, sized(1000)});
  table.SetNames({4, NamesAnswer::kRead, sized(1000)});
  EXPECT_FALSE(table.Find(1)->users.names->whole) << "who has most has to go";
  for (std::uint64_t id = 2; id <= 4; ++id) EXPECT_TRUE(table.Find(id)->users.names->whole) << id;
  EXPECT_LE(table.names_bytes(), 20 * small);
}

// Names of all containers together are bounded, and given back when a container goes.
TEST(ContainerTableNames, AreBounded) {
  UserNames names{.users = {{1000, std::string(1000, 'a'), "", ""}}};
  const auto shared = std::make_shared<const UserNames>(names);
  ContainerTable table({.removed_containers = 1, .names_bytes = 3 * names.Bytes()});
  for (std::uint64_t id = 1; id <= 4; ++id) {
    table.Set({.full_id = std::to_string(id), .cgroup_id = id});
    table.SetNames({id, NamesAnswer::kRead, shared});
    table.SetNames({id, NamesAnswer::kRead, shared});
  }
  EXPECT_EQ(table.Find(3)->users.names->users.size(), 1U);
  EXPECT_TRUE(table.Find(4)->users.names->users.empty());
  EXPECT_FALSE(table.Find(4)->users.names->whole) << "nobody says that it has no such user";
  EXPECT_LE(table.names_bytes(), 4 * names.Bytes());
  for (std::uint64_t id = 1; id <= 4; ++id) {
    const testlib::Record record = testlib::Cgroup(testlib::kCgroupRmdir, id, 0, "").Build();
    const event::Event event = record.event();
    table.Apply(event, *event.As<cgroup_record>());
  }
  EXPECT_LE(table.names_bytes(), UserNames().Bytes());
}

// Anybody may make a pod that says it is the API server's side of another.
TEST_F(ContainerTableTest, TheClustersPodHasToBeCalledAsTheRuntimesIs) {
  table_.SetCluster({});
  Mkdir(10, 1, kDocker);
  Container told = *table_.Find(10);
  told.metadata.pod = {.name = "web-0", .ns = "shop", .uid = "1"};
  const auto tell = [&](const std::string& name, const std::string& ns) {
    const ClusterMetadata known{.state = ClusterState::kTold, .name = name, .ns = ns};
    table_.SetCluster({"1", std::make_shared<const ClusterMetadata>(known)});
    return table_.Find(10)->cluster->name;
  };
  table_.Set(told);
  EXPECT_EQ(tell("web-0", "evil"), "");
  EXPECT_EQ(tell("web-1", "shop"), "");
  EXPECT_EQ(table_.Find(10)->cluster->state, ClusterState::kAsked) << "unknown, not nobody's";
  EXPECT_EQ(tell("web-0", "shop"), "web-0");
  EXPECT_EQ(tell("web-0", "evil"), "web-0");

  told.metadata.pod.name = told.metadata.pod.ns = "";
  table_.Set(told);
  EXPECT_EQ(tell("forged", "evil"), "forged") << "the runtime has not said yet";
  told.metadata.pod.name = "web-0";
  table_.Set(told);
  EXPECT_EQ(table_.Find(10)->cluster->state, ClusterState::kAsked);
}

}  // namespace
}  // namespace nezuban::state
