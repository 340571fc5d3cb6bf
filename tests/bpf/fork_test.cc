// SPDX-License-Identifier: Apache-2.0
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <thread>

#include "bpf/harness.h"
#include "bpf/shared.h"

namespace nezuban::bpf_test {
namespace {

long Clone3(std::uint64_t flags) {
  clone_args args{};
  args.flags = flags;
  args.exit_signal = (flags & CLONE_PARENT) ? 0 : SIGCHLD;
  return ::syscall(SYS_clone3, &args, sizeof args);
}

void Reap(pid_t pid) {
  REQUIRE_OK(pid > 0);
  REQUIRE_OK(::waitpid(pid, nullptr, 0) == pid);
}

// What the child shares and what it does not, whichever call made it and whatever was asked for.
TEST(Fork, FlagsByWhatTheChildHas) {
  Harness harness;
  const Recorded recorded = harness.Run([] {
    const auto end = [](long pid) {
      if (pid == 0) ::_exit(0);
      Reap(static_cast<pid_t>(pid));
    };
    end(::syscall(SYS_clone, CLONE_NEWUTS | CLONE_FS | SIGCHLD, nullptr, nullptr, nullptr, 0));
    end(Clone3(CLONE_NEWNS | CLONE_NEWNET | CLONE_FILES));
    end(Clone3(CLONE_NEWUSER | CLONE_NEWPID | CLONE_CLEAR_SIGHAND));
    end(::fork());
  });
  const auto forks = recorded.Of<fork_record>();
  ASSERT_EQ(forks.size(), 4u);
  EXPECT_EQ(forks[0]->flags, std::uint64_t{CLONE_NEWUTS | CLONE_FS});
  EXPECT_EQ(forks[1]->flags, std::uint64_t{CLONE_NEWNS | CLONE_NEWNET | CLONE_FILES});
  EXPECT_EQ(forks[2]->flags, std::uint64_t{CLONE_NEWUSER | CLONE_NEWPID});
  EXPECT_EQ(forks[3]->flags & ~std::uint64_t{CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID}, 0u);
}

TEST(Fork, OneRecordEach) {
  Harness harness;
  const Recorded recorded = harness.Run([] {
    for (int i = 0; i < 11; ++i) {
      const pid_t pid = ::fork();
      if (pid == 0) ::_exit(0);
      Reap(pid);
    }
  });
  const auto forks = recorded.Of<fork_record>();
  ASSERT_EQ(forks.size(), 11u);
  for (const auto& fork : forks) {
    const record_header& header = fork.header();
    EXPECT_EQ(header.tgid, static_cast<std::uint32_t>(recorded.child()));
    EXPECT_EQ(header.tid, header.tgid);
    EXPECT_EQ(header.size, sizeof(fork_record));
    EXPECT_EQ(header.sensor, SENSOR_TRACEPOINT);
    EXPECT_EQ(header.flags, 0u);
    EXPECT_EQ(fork->ppid, header.tgid);
    EXPECT_EQ(fork->parent_start_ns, header.start_ns);
    EXPECT_GT(fork->child_start_ns, header.start_ns);
    EXPECT_LE(fork->child_start_ns, header.time_ns);
    EXPECT_EQ(fork->child_vpid, fork->child_tgid);
    EXPECT_EQ(fork->child_pid_ns, header.pid_ns);
    EXPECT_EQ(fork->child_cgroup_id, RootCgroupId());
    EXPECT_EQ(fork->child_origin_cgroup_id, 0u);
  }
  // Each child is forked before it ends, and ends as the process it was forked as.
  const auto exits = recorded.Of<exit_record>();
  ASSERT_EQ(exits.size(), 12u);
  for (std::size_t i = 0; i < forks.size(); ++i) {
    EXPECT_EQ(exits[i].header().tgid, forks[i]->child_tgid);
    EXPECT_EQ(exits[i].header().start_ns, forks[i]->child_start_ns);
  }
}

TEST(Fork, NamedByTheCall) {
  Harness harness;
  const Recorded recorded = harness.Run([] {
    pid_t pid = static_cast<pid_t>(::syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0));
    if (pid == 0) ::_exit(0);
    Reap(pid);
    pid = ::vfork();
    if (pid == 0) ::_exit(0);
    Reap(pid);
    pid = static_cast<pid_t>(Clone3(0));
    if (pid == 0) ::_exit(0);
    Reap(pid);
#ifdef SYS_fork
    pid = static_cast<pid_t>(::syscall(SYS_fork));
    if (pid == 0) ::_exit(0);
    Reap(pid);
#endif
  });
  std::vector<std::string_view> names = {"clone", "vfork", "clone3", "fork"};
#ifndef SYS_fork
  names = {"clone", "clone", "clone3"};
#endif
  const auto forks = recorded.Of<fork_record>();
  ASSERT_EQ(forks.size(), names.size());
  for (std::size_t i = 0; i < names.size(); ++i) EXPECT_EQ(forks[i].event().name(), names[i]);
}

#if defined(__x86_64__)
TEST(Fork, CallsOf32Bits) {
  Harness harness;
  const Recorded recorded = harness.Run([] {
    constexpr int kFork = 2, kClone = 120, kVfork = 190, kClone3 = 435;
    LowMemory memory;
    clone_args how{};
    how.flags = CLONE_NEWUTS | CLONE_CHILD_CLEARTID;
    how.exit_signal = SIGCHLD;
    const std::uint32_t args = memory.Put(&how, sizeof how);
    pid_t pid = Int80(kFork, 0);
    if (pid == 0) ::_exit(0);
    Reap(pid);
    pid = Int80(kVfork, 0);
    if (pid == 0) ::_exit(0);
    Reap(pid);
    pid = Int80(kClone, CLONE_NEWUTS | CLONE_PARENT_SETTID | SIGCHLD, 0, memory.Put("tid"));
    if (pid == 0) ::_exit(0);
    Reap(pid);
    pid = Int80(kClone3, args, sizeof how);
    if (pid == 0) ::_exit(0);
    Reap(pid);
  });
  const auto forks = recorded.Of<fork_record>();
  const char* const kNames[] = {"fork", "vfork", "clone", "clone3"};
  const std::uint64_t kFlags[] = {0, CLONE_VFORK | CLONE_VM, CLONE_NEWUTS | CLONE_PARENT_SETTID,
                                  CLONE_NEWUTS | CLONE_CHILD_CLEARTID};
  ASSERT_EQ(forks.size(), 4u);
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(forks[i].event().name(), kNames[i]);
    EXPECT_EQ(forks[i]->flags, kFlags[i]) << kNames[i];
    EXPECT_EQ(forks[i].header().tgid, static_cast<std::uint32_t>(recorded.child()));
  }
}
#endif

TEST(Fork, SiblingHasTheCallersParent) {
  Harness harness;
  const Recorded recorded = harness.Run([] {
    if (Clone3(CLONE_PARENT) == 0) ::_exit(0);
  });
  const auto forks = recorded.Of<fork_record>();
  ASSERT_EQ(forks.size(), 1u);
  EXPECT_EQ(forks[0].header().tgid, static_cast<std::uint32_t>(recorded.child()));
  EXPECT_EQ(forks[0]->ppid, static_cast<std::uint32_t>(::getpid()));
  EXPECT_LT(forks[0]->parent_start_ns, forks[0].header().start_ns);
  while (::waitpid(-1, nullptr, __WALL) > 0) {
  }
}

TEST(Fork, ThreadsAreNoProcesses) {
  Harness harness;
  const Recorded recorded = harness.Run([] {
    for (int i = 0; i < 5; ++i) std::thread([] {}).join();
    std::thread([] {
      const pid_t pid = ::fork();
      if (pid == 0) ::_exit(0);
      Reap(pid);
    }).join();
  });
  const auto forks = recorded.Of<fork_record>();
  ASSERT_EQ(forks.size(), 1u);
  EXPECT_EQ(forks[0].header().tgid, static_cast<std::uint32_t>(recorded.child()));
  EXPECT_NE(forks[0].header().tid, forks[0].header().tgid);
  EXPECT_EQ(forks[0]->ppid, forks[0].header().tgid);
}

}  // namespace
}  // namespace nezuban::bpf_test
