// SPDX-License-Identifier: Apache-2.0
// Which cgroups come and go, and which of them are taken for containers.
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

#include "bpf/harness.h"

namespace nezuban::bpf_test {
namespace {

const std::string kId = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

void Make(const std::string& directory) { REQUIRE_OK(::mkdir(directory.c_str(), 0755) == 0); }
void Remove(const std::string& directory) { REQUIRE_OK(::rmdir(directory.c_str()) == 0); }

TEST(Cgroup, MadeAndRemoved) {
  Harness harness;
  const std::string root = CgroupRoot();
  const std::string name = "nezuban-test-" + std::to_string(::getpid());
  std::uint64_t id = 0;
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const Recorded recorded = harness.Run([&] {
    for (int i = 0; i < 5; ++i) {
      Make(root + "/" + name);
      struct stat st {};
      REQUIRE_OK(::stat((root + "/" + name).c_str(), &st) == 0);
      const std::uint64_t made = st.st_ino;
      REQUIRE_OK(::write(ends[1], &made, sizeof made) == sizeof made);
      Remove(root + "/" + name);
    }
  });
  const auto records = recorded.Of<cgroup_record>();
  ASSERT_EQ(records.size(), 10u);
  for (std::size_t i = 0; i < records.size(); ++i) {
    const bool made = i % 2 == 0;
    if (made) {
      ASSERT_EQ(::read(ends[0], &id, sizeof id), static_cast<ssize_t>(sizeof id));
    }
    const auto& record = records[i];
    EXPECT_EQ(record.event().name(), made ? "cgroup_mkdir" : "cgroup_rmdir");
    EXPECT_EQ(record->id, id);
    EXPECT_EQ(record->parent_id, RootCgroupId());
    EXPECT_EQ(record.Text(record->path), "/" + name);
    EXPECT_FALSE(record.Truncated(record->path));
    EXPECT_EQ(record->container_by, CONTAINER_NONE);
    EXPECT_EQ(record->container_cgroup_id, 0u);
    EXPECT_EQ(record->target_tgid, 0u);
    EXPECT_EQ(record.header().tgid, static_cast<std::uint32_t>(recorded.child()));
    EXPECT_EQ(record.header().lane, LANE_VITAL);
  }
}

struct NameCase {
  std::string name;
  bool container;
};

TEST(Cgroup, ContainersByTheirNames) {
  const std::vector<NameCase> cases = {
      {kId, true},
      {"docker-" + kId + ".scope", true},
      {"cri-containerd-" + kId + ".scope", true},
      {"crio-" + kId + ".scope", true},
      {"libpod-" + kId + ".scope", true},
      {"libpod-" + kId, true},
      {"crio-" + kId, true},
      {"crio-conmon-" + kId + ".scope", false},
      {"libpod-conmon-" + kId + ".scope", false},
      {kId + "0", false},
      {kId.substr(1), false},
      {kId.substr(1) + "g", false},
      {kId.substr(1) + "A", false},
      {"docker-" + kId + ".slice", false},
      {"docker-" + kId + ".scopes", false},
      {"docker-" + kId + ".scop", false},
      {"docker_" + kId + ".scope", false},
      {"dockerx" + kId, false},
      {kId + ".scope", false},
      {"docker-" + kId.substr(1) + ".scope", false},
      {"nezuban-test.slice", false},
      {std::string(250, 'a'), false},
  };
  Harness harness;
  const std::string root = CgroupRoot();
  const Recorded recorded = harness.Run([&] {
    for (const NameCase& c : cases) {
      Make(root + "/" + c.name);
      Remove(root + "/" + c.name);
    }
  });
  const auto records = recorded.Of<cgroup_record>();
  ASSERT_EQ(records.size(), 2 * cases.size());
  for (std::size_t i = 0; i < records.size(); ++i) {
    const NameCase& c = cases[i / 2];
    EXPECT_EQ(records[i]->container_by, c.container ? CONTAINER_BY_NAME : CONTAINER_NONE) << c.name;
    EXPECT_EQ(records[i]->container_cgroup_id, c.container ? records[i]->id : 0) << c.name;
    EXPECT_EQ(records[i].Text(records[i]->path), "/" + c.name);
  }
}

TEST(Cgroup, BelowAContainerIsTheOutermostContainer) {
  Harness harness;
  const std::string outer = CgroupRoot() + "/docker-" + kId + ".scope";
  const std::string inner = outer + "/" + kId;
  const Recorded recorded = harness.Run([&] {
    Make(outer);
    Make(inner);
    Make(inner + "/leaf");
    Remove(inner + "/leaf");
    Remove(inner);
    Remove(outer);
    // The same names again are new cgroups.
    Make(outer);
    Remove(outer);
  });
  const auto records = recorded.Of<cgroup_record>();
  ASSERT_EQ(records.size(), 8u);
  const std::uint64_t id = records[0]->id;
  EXPECT_EQ(records[0]->container_by, CONTAINER_BY_NAME);
  for (std::size_t i = 1; i < 5; ++i) {
    EXPECT_EQ(records[i]->container_by, CONTAINER_INSIDE) << i;
    EXPECT_EQ(records[i]->container_cgroup_id, id) << i;
  }
  EXPECT_EQ(records[2]->parent_id, records[1]->id);
  EXPECT_EQ(records[5]->container_cgroup_id, id);
  EXPECT_EQ(records[6]->container_by, CONTAINER_BY_NAME);
  EXPECT_EQ(records[6]->container_cgroup_id, records[6]->id);
}

TEST(Cgroup, AttachedTaskIsNamed) {
  Harness harness;
  const TestCgroup plain("nezuban-test-attach");
  const Recorded recorded = harness.Run([&] {
    const pid_t target = ::fork();
    if (target == 0) {
      ::pause();
      ::_exit(0);
    }
    const std::string pid = std::to_string(target);
    const int fd = ::open((plain.directory() + "/cgroup.procs").c_str(), O_WRONLY);
    REQUIRE_OK(fd >= 0);
    REQUIRE_OK(::write(fd, pid.data(), pid.size()) == static_cast<ssize_t>(pid.size()));
    ::kill(target, SIGKILL);
    REQUIRE_OK(::waitpid(target, nullptr, 0) == target);
  });
  const auto records = recorded.Of<cgroup_record>();
  const auto forks = recorded.Of<fork_record>();
  ASSERT_EQ(records.size(), 1u);
  ASSERT_EQ(forks.size(), 1u);
  EXPECT_EQ(records[0].event().name(), "cgroup_attach_task");
  EXPECT_EQ(records[0]->id, plain.id());
  EXPECT_EQ(records[0].Text(records[0]->path), plain.path());
  EXPECT_EQ(records[0]->target_tgid, forks[0]->child_tgid);
  EXPECT_EQ(records[0]->target_tid, forks[0]->child_tgid);
  EXPECT_EQ(records[0]->target_start_ns, forks[0]->child_start_ns);
  EXPECT_EQ(records[0]->container_by, CONTAINER_NONE);
  EXPECT_EQ(records[0].header().tgid, static_cast<std::uint32_t>(recorded.child()));
}

struct RuntimeCase {
  const char* comm;
  bool container;
};

TEST(Cgroup, PlainRuntimesAreBelieved) {
  Harness harness;
  for (const RuntimeCase& c :
       {RuntimeCase{"runc", true}, RuntimeCase{"runc:[2:INIT]", true}, RuntimeCase{"crun", true},
        RuntimeCase{"youki", true}, RuntimeCase{"systemd", false}, RuntimeCase{"xrunc", false},
        RuntimeCase{"run", false}}) {
    const TestCgroup parent("nezuban-test-parent");
    const TestCgroup child("c1", &parent);
    const Recorded recorded = harness.Run([&] {
      ::prctl(PR_SET_NAME, c.comm);
      child.Enter();
    });
    const auto records = recorded.Of<cgroup_record>();
    ASSERT_EQ(records.size(), 1u);
    EXPECT_EQ(records[0]->container_by, c.container ? CONTAINER_BY_ATTACH : CONTAINER_NONE)
        << c.comm;
    EXPECT_EQ(records[0]->container_cgroup_id, c.container ? child.id() : 0) << c.comm;
    EXPECT_EQ(records[0].header().origin_cgroup_id, c.container ? child.id() : 0) << c.comm;
  }
}

// A runtime's move into the root is none into a container; nor is one inside a container another.
TEST(Cgroup, RuntimeMovesThatMakeNoContainer) {
  Harness harness;
  const TestCgroup container("docker-" + kId + ".scope");
  const TestCgroup plain("nezuban-test-plain");
  const Recorded recorded = harness.Run([&] {
    container.Enter();
    ::prctl(PR_SET_NAME, "runc");
    plain.Enter();
    const int fd = ::open((CgroupRoot() + "/cgroup.procs").c_str(), O_WRONLY);
    REQUIRE_OK(::write(fd, "0", 1) == 1);
  });
  const auto records = recorded.Of<cgroup_record>();
  ASSERT_EQ(records.size(), 3u);
  EXPECT_EQ(records[0]->container_by, CONTAINER_BY_NAME);
  EXPECT_EQ(records[1]->container_by, CONTAINER_NONE);
  EXPECT_EQ(records[2]->container_by, CONTAINER_NONE);
  EXPECT_EQ(records[2]->id, RootCgroupId());
}

// Else the whole host would be a container.
TEST(Cgroup, RuntimeOnTheHostMovingIntoTheRoot) {
  Harness harness;
  const TestCgroup plain("nezuban-test-plain");
  const Recorded recorded = harness.Run([&] {
    plain.Enter();
    ::prctl(PR_SET_NAME, "runc");
    const int fd = ::open((CgroupRoot() + "/cgroup.procs").c_str(), O_WRONLY);
    REQUIRE_OK(::write(fd, "0", 1) == 1);
  });
  const auto records = recorded.Of<cgroup_record>();
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(records[1]->id, RootCgroupId());
  EXPECT_EQ(records[1]->container_by, CONTAINER_NONE);
  EXPECT_EQ(records[1].header().origin_cgroup_id, 0u);
}

TEST(Cgroup, RemovedContainersAreForgotten) {
  Harness harness;
  const std::size_t before = harness.source().ContainerCgroups();
  const std::string outer = CgroupRoot() + "/" + kId;
  harness.Run([&] {
    Make(outer);
    Make(outer + "/inner");
  });
  EXPECT_EQ(harness.source().ContainerCgroups(), before + 2);
  ASSERT_TRUE(harness.source().MarkContainer(1u << 30, 1u << 30));
  EXPECT_EQ(harness.source().ContainerCgroups(), before + 3);
  harness.Run([&] {
    Remove(outer + "/inner");
    Remove(outer);
  });
  harness.source().UnmarkContainer(1u << 30);
  EXPECT_EQ(harness.source().ContainerCgroups(), before);
}

// Where v1 hierarchies are mounted, they are passed over: their ids collide with the default one's.
TEST(Cgroup, OtherHierarchiesDoNotCount) {
  std::vector<std::string> directories;
  std::ifstream mounts("/proc/self/mounts");
  for (std::string line; std::getline(mounts, line);) {
    std::istringstream words(line);
    std::string device, directory, type;
    words >> device >> directory >> type;
    if (type == "cgroup") directories.push_back(directory + "/nezuban-test-v1");
  }
  Harness harness;
  const TestCgroup seen("nezuban-test-v2");
  const Recorded recorded = harness.Run([&] {
    for (const std::string& directory : directories)
      if (::mkdir(directory.c_str(), 0755) == 0) ::rmdir(directory.c_str());
    seen.Enter();
  });
  const auto records = recorded.Of<cgroup_record>();
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0]->id, seen.id());
}

}  // namespace
}  // namespace nezuban::bpf_test
