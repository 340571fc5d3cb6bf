// SPDX-License-Identifier: Apache-2.0
// The sticky origin: taken once, inherited, never rewritten.
#include <fcntl.h>
#include <linux/sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <functional>
#include <set>
#include <thread>

#include "bpf/harness.h"

namespace nezuban::bpf_test {
namespace {

const std::string kId = "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210";

void LeaveForRoot() {
  const int fd = ::open((CgroupRoot() + "/cgroup.procs").c_str(), O_WRONLY | O_CLOEXEC);
  REQUIRE_OK(fd >= 0 && ::write(fd, "0", 1) == 1);
  ::close(fd);
}

void ForkAndWait(const std::function<void()>& act) {
  const pid_t pid = ::fork();
  REQUIRE_OK(pid >= 0);
  if (pid == 0) {
    act();
    ::_exit(0);
  }
  int status = 0;
  REQUIRE_OK(::waitpid(pid, &status, 0) == pid && status == 0);
}

// A child cloned into the cgroup does `act`, and is waited for.
void CloneInto(const TestCgroup& cgroup, const std::function<void()>& act) {
  const int fd = ::open(cgroup.directory().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  clone_args args{};
  args.flags = CLONE_INTO_CGROUP;
  args.exit_signal = SIGCHLD;
  args.cgroup = static_cast<std::uint64_t>(fd);
  const long pid = ::syscall(SYS_clone3, &args, sizeof args);
  REQUIRE_OK(pid >= 0);
  if (pid == 0) {
    act();
    ::_exit(0);
  }
  int status = 0;
  REQUIRE_OK(::waitpid(static_cast<pid_t>(pid), &status, 0) == pid && status == 0);
}

class Origin : public ::testing::Test {
 protected:
  Origin() : program_(MakeProgram(dir_.path() + "/p")) {}
  TempDir dir_;
  std::string program_;
  Harness harness_;
};

TEST_F(Origin, AttachGivesItAndLeavingKeepsIt) {
  const TestCgroup container("cri-containerd-" + kId + ".scope");
  const Recorded recorded = harness_.Run([&] {
    SpawnAndWait(program_, {"before"});
    container.Enter();
    SpawnAndWait(program_, {"inside"});
    LeaveForRoot();
    SpawnAndWait(program_, {"escaped"});
    ForkAndWait([&] { SpawnAndWait(program_, {"grandchild"}); });
  });
  const auto execs = recorded.Of<exec_record>();
  ASSERT_EQ(execs.size(), 4u);
  EXPECT_EQ(execs[0].header().origin_cgroup_id, 0u);
  EXPECT_EQ(execs[0].header().cgroup_id, RootCgroupId());
  EXPECT_EQ(execs[1].header().origin_cgroup_id, container.id());
  EXPECT_EQ(execs[1].header().cgroup_id, container.id());
  for (std::size_t i : {2u, 3u}) {
    EXPECT_EQ(execs[i].header().origin_cgroup_id, container.id());
    EXPECT_EQ(execs[i].header().cgroup_id, RootCgroupId());
  }
  const auto forks = recorded.Of<fork_record>();
  ASSERT_EQ(forks.size(), 5u);
  EXPECT_EQ(forks[0]->child_origin_cgroup_id, 0u);
  EXPECT_EQ(forks[1]->child_origin_cgroup_id, container.id());
  EXPECT_EQ(forks[1]->child_cgroup_id, container.id());
  EXPECT_EQ(forks[2]->child_origin_cgroup_id, container.id());
  EXPECT_EQ(forks[2]->child_cgroup_id, RootCgroupId());
  const auto exits = recorded.Of<exit_record>();
  EXPECT_EQ(exits.back().header().origin_cgroup_id, container.id());
}

TEST_F(Origin, TheFirstContainerStays) {
  const TestCgroup first("docker-" + kId + ".scope");
  const TestCgroup second("crio-" + kId + ".scope");
  const Recorded recorded = harness_.Run([&] {
    first.Enter();
    second.Enter();
    SpawnAndWait(program_, {"p"});
  });
  const auto execs = recorded.Of<exec_record>();
  ASSERT_EQ(execs.size(), 1u);
  EXPECT_EQ(execs[0].header().origin_cgroup_id, first.id());
  EXPECT_EQ(execs[0].header().cgroup_id, second.id());
}

TEST_F(Origin, NestedCgroupsBelongToTheOuterContainer) {
  const TestCgroup outer("docker-" + kId + ".scope");
  const TestCgroup inner(kId, &outer);
  const Recorded recorded = harness_.Run([&] {
    inner.Enter();
    Exec(program_, {"p"});
  });
  const auto execs = recorded.Of<exec_record>();
  ASSERT_EQ(execs.size(), 1u);
  EXPECT_EQ(execs[0].header().origin_cgroup_id, outer.id());
  EXPECT_EQ(execs[0].header().cgroup_id, inner.id());
}

TEST_F(Origin, CloneIntoCgroup) {
  const TestCgroup container("libpod-" + kId + ".scope");
  const Recorded recorded = harness_.Run([&] {
    CloneInto(container, [&] {
      LeaveForRoot();
      Exec(program_, {"p"});
    });
    SpawnAndWait(program_, {"parent"});
  });
  const auto forks = recorded.Of<fork_record>();
  const auto execs = recorded.Of<exec_record>();
  ASSERT_EQ(forks.size(), 2u);
  ASSERT_EQ(execs.size(), 2u);
  EXPECT_EQ(forks[0]->child_cgroup_id, container.id());
  EXPECT_EQ(forks[0]->child_origin_cgroup_id, container.id());
  EXPECT_EQ(forks[0].header().origin_cgroup_id, 0u);
  EXPECT_EQ(execs[0].header().origin_cgroup_id, container.id());
  EXPECT_EQ(execs[1].header().origin_cgroup_id, 0u);
}

TEST_F(Origin, RuntimeMovesItsChildIn) {
  const TestCgroup cgroup("nezuban-test-runc");
  const Recorded recorded = harness_.Run([&] {
    ::prctl(PR_SET_NAME, "runc");
    int ends[2];
    REQUIRE_OK(::pipe2(ends, O_CLOEXEC) == 0);
    const pid_t pid = ::fork();
    if (pid == 0) {
      char byte = 0;
      REQUIRE_OK(::read(ends[0], &byte, 1) == 1);
      Exec(program_, {"workload"});
    }
    const std::string text = std::to_string(pid);
    const int fd = ::open((cgroup.directory() + "/cgroup.procs").c_str(), O_WRONLY | O_CLOEXEC);
    REQUIRE_OK(::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()));
    REQUIRE_OK(::write(ends[1], "x", 1) == 1);
    int status = 0;
    REQUIRE_OK(::waitpid(pid, &status, 0) == pid && status == 0);
  });
  const auto execs = recorded.Of<exec_record>();
  ASSERT_EQ(execs.size(), 1u);
  EXPECT_EQ(execs[0].header().origin_cgroup_id, cgroup.id());
  // The runtime itself stays the host's.
  const auto exits = recorded.Of<exit_record>();
  ASSERT_EQ(exits.size(), 2u);
  EXPECT_EQ(exits[1].header().origin_cgroup_id, 0u);
}

// As crun does: nobody is moved, and the cgroup may be called anything.
TEST_F(Origin, RuntimeClonesItsChildIn) {
  const TestCgroup cgroup("nezuban-test-crun");
  const auto run = [&](const char* name) -> std::uint64_t {
    const Recorded recorded = harness_.Run([&] {
      ::prctl(PR_SET_NAME, name);
      CloneInto(cgroup, [&] { Exec(program_, {"workload"}); });
    });
    const auto execs = recorded.Of<exec_record>();
    const auto forks = recorded.Of<fork_record>();
    EXPECT_EQ(execs.size(), 1u);
    EXPECT_EQ(forks.size(), 1u);
    if (execs.empty() || forks.empty()) return ~std::uint64_t{0};
    EXPECT_EQ(forks[0].header().origin_cgroup_id, 0u) << "the runtime itself stays the host's";
    EXPECT_EQ(forks[0]->child_origin_cgroup_id, execs[0].header().origin_cgroup_id);
    return execs[0].header().origin_cgroup_id;
  };
  EXPECT_EQ(run("systemd"), 0u);
  EXPECT_EQ(run("crun"), cgroup.id());
}

TEST_F(Origin, AllThreadsOfAnAttachedProcess) {
  const TestCgroup container("docker-" + kId + ".scope");
  const Recorded recorded = harness_.Run([&] {
    std::thread([&] {
      container.Enter();  // moves the whole process
    }).join();
    std::thread([&] { SpawnAndWait(program_, {"from a thread"}); }).join();
  });
  const auto execs = recorded.Of<exec_record>();
  ASSERT_EQ(execs.size(), 1u);
  EXPECT_EQ(execs[0].header().origin_cgroup_id, container.id());
}

TEST_F(Origin, UserSpaceMarksWhatWasThereBefore) {
  const TestCgroup old("nezuban-test-old");
  const TestCgroup below("below", &old);
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  ASSERT_TRUE(harness_.source().MarkContainer(old.id(), old.id()));
  ASSERT_TRUE(harness_.source().MarkContainer(below.id(), old.id()));
  const Recorded inside = harness_.Run([&] {
    below.Enter();
    SpawnAndWait(program_, {"p"});
  });
  ASSERT_EQ(inside.Of<exec_record>().size(), 1u);
  EXPECT_EQ(inside.Of<exec_record>()[0].header().origin_cgroup_id, old.id());
  ASSERT_EQ(inside.Of<cgroup_record>().size(), 1u);
  EXPECT_EQ(inside.Of<cgroup_record>()[0]->container_by, CONTAINER_BY_USER);

  harness_.source().UnmarkContainer(below.id());
  const Recorded unmarked = harness_.Run([&] {
    below.Enter();
    SpawnAndWait(program_, {"p"});
  });
  EXPECT_EQ(unmarked.Of<exec_record>()[0].header().origin_cgroup_id, 0u);
  EXPECT_EQ(harness_.source().OriginLosses(), 0u);
}

// A process inside a marked container when the snapshot is taken keeps it as its origin, even if it
// leaves before its first record; each of its threads does.
TEST_F(Origin, SnapshotFixesIt) {
  const TestCgroup old("nezuban-test-old");
  int ready[2];
  int go[2];
  ASSERT_EQ(::pipe(ready), 0);
  ASSERT_EQ(::pipe(go), 0);
  std::fflush(nullptr);
  const pid_t resident = ::fork();
  if (resident == 0) {
    old.Enter();
    std::thread([&] {
      char byte = 0;
      REQUIRE_OK(::write(ready[1], "r", 1) == 1 && ::read(go[0], &byte, 1) == 1);
      LeaveForRoot();
      SpawnAndWait(program_, {"from a thread"});
    }).join();
    Exec(program_, {"late"});
  }
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  Harness fresh(Harness::FewEvents());
  ASSERT_TRUE(fresh.source().MarkContainer(old.id(), old.id()));
  std::uint64_t seen = 0;
  const auto count = fresh.source().Snapshot([&](std::span<const std::byte> bytes) {
    const Owned owned(bytes);
    if (owned.event().header().tgid == static_cast<std::uint32_t>(resident))
      seen = owned.event().header().origin_cgroup_id;
  });
  ASSERT_TRUE(count);
  EXPECT_EQ(seen, old.id());
  ASSERT_EQ(::write(go[1], "g", 1), 1);
  ASSERT_EQ(::waitpid(resident, nullptr, 0), resident);
  std::set<std::uint32_t> family = {static_cast<std::uint32_t>(resident)};
  int execs = 0;
  for (const Owned& owned : fresh.ReadAll()) {
    const event::Event event = owned.event();
    if (!family.contains(event.header().tgid)) continue;
    if (const auto* fork = event.As<fork_record>()) family.insert(fork->child_tgid);
    EXPECT_EQ(event.header().origin_cgroup_id, old.id()) << event.name();
    execs += event.As<exec_record>() != nullptr;
  }
  EXPECT_EQ(execs, 2);
}

}  // namespace
}  // namespace nezuban::bpf_test
