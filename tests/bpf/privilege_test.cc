// SPDX-License-Identifier: Apache-2.0
// Roots, other processes, signals to the monitor, credentials: natively and as 32-bit calls.
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/fsuid.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "bpf/call_fixture.h"

namespace nezuban::bpf_test {
namespace {

class RootTest : public CallTest {
 protected:
  RootTest() : CallTest(EVENT_ROOT) {}
  TempDir dir_;
};

// The path is the directory's, however it is written.
TEST_F(RootTest, Chroot) {
  const auto calls = Run([&] {
    REQUIRE_OK(::chdir(dir_.path().c_str()) == 0);
    REQUIRE_OK(::chroot("/no/such/place") < 0 && errno == ENOENT);
    REQUIRE_OK(::chroot("../.") == 0 && ::chroot(".") == 0);
  });
  ASSERT_EQ(calls.size(), 3u);
  Expect(calls[0], "chroot", -ENOENT);
  EXPECT_EQ(calls[0].Text(calls[0]->text[0]), "/no/such/place");
  EXPECT_NE(calls[0].header().flags & RECORD_FROM_USER_MEMORY, 0u);
  Expect(calls[2], "chroot", 0);
  EXPECT_EQ(calls[2].Text(calls[2]->text[0]), dir_.path());
  EXPECT_NE(calls[2]->file.ino, 0u);
  EXPECT_EQ(calls[2].header().flags & RECORD_FROM_USER_MEMORY, 0u);
}

TEST_F(RootTest, PivotRootAndUmount) {
  const auto calls = Run([&] {
    REQUIRE_OK(::unshare(CLONE_NEWNS) == 0);
    REQUIRE_OK(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0);
    REQUIRE_OK(::mount("t", dir_.path().c_str(), "tmpfs", 0, nullptr) == 0);
    REQUIRE_OK(::umount2(dir_.path().c_str(), UMOUNT_NOFOLLOW) == 0);
    REQUIRE_OK(::umount2(dir_.path().c_str(), MNT_DETACH) < 0 && errno == EINVAL);
    REQUIRE_OK(::mount("t", dir_.path().c_str(), "tmpfs", 0, nullptr) == 0);
    REQUIRE_OK(::chdir(dir_.path().c_str()) == 0);
    REQUIRE_OK(::syscall(SYS_pivot_root, "nowhere", ".") < 0 && errno == ENOENT);
  });
  ASSERT_EQ(calls.size(), 3u);
  Expect(calls[0], "umount2", 0);
  EXPECT_EQ(calls[0].Text(calls[0]->text[0]), dir_.path());
  EXPECT_EQ(calls[0]->arg[1], std::uint64_t{UMOUNT_NOFOLLOW});
  Expect(calls[1], "umount2", -EINVAL);
  Expect(calls[2], "pivot_root", -ENOENT);
  EXPECT_EQ(calls[2].Text(calls[2]->text[0]), "nowhere");
  EXPECT_EQ(calls[2].Text(calls[2]->text[1]), ".");
}

#if defined(__x86_64__)
// i386 has an umount without flags, too.
TEST_F(RootTest, CallsOf32Bits) {
  const auto calls = Run([&] {
    constexpr int kUmount = 22, kUmount2 = 52, kChroot = 61, kPivotRoot = 217;
    LowMemory memory;
    const std::uint32_t at = memory.Put(dir_.path().c_str());
    REQUIRE_OK(::unshare(CLONE_NEWNS) == 0);
    REQUIRE_OK(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0);
    for (int i = 0; i < 2; ++i)
      REQUIRE_OK(::mount("t", dir_.path().c_str(), "tmpfs", 0, nullptr) == 0);
    REQUIRE_OK(Int80(kUmount, at, 99) == 0);
    REQUIRE_OK(Int80(kUmount2, at, UMOUNT_NOFOLLOW) == 0);
    REQUIRE_OK(Int80(kUmount, at, 99) == -EINVAL);
    REQUIRE_OK(Int80(kPivotRoot, memory.Put("nowhere"), memory.Put(".")) == -ENOENT);
    REQUIRE_OK(Int80(kChroot, at) == 0);
  });
  ASSERT_EQ(calls.size(), 5u);
  Expect(calls[0], "umount", 0);
  Expect(calls[1], "umount2", 0);
  EXPECT_EQ(calls[1]->arg[1], std::uint64_t{UMOUNT_NOFOLLOW});
  Expect(calls[2], "umount", -EINVAL);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(calls[i].Text(calls[i]->text[0]), dir_.path());
  Expect(calls[3], "pivot_root", -ENOENT);
  EXPECT_EQ(calls[3].Text(calls[3]->text[0]), "nowhere");
  EXPECT_EQ(calls[3].Text(calls[3]->text[1]), ".");
  Expect(calls[4], "chroot", 0);
  EXPECT_EQ(calls[4].Text(calls[4]->text[0]), dir_.path());
}
#endif

class PtraceTest : public CallTest {
 protected:
  PtraceTest() : CallTest(EVENT_PTRACE) {}

  // In the child: one of its own, which waits until it is killed.
  pid_t Victim() {
    const pid_t victim = ::fork();
    REQUIRE_OK(victim >= 0);
    while (victim == 0) ::pause();
    *target_ = {static_cast<std::uint32_t>(victim), StartTicks(victim)};
    return victim;
  }
  static void End(pid_t victim) {
    REQUIRE_OK(::kill(victim, SIGKILL) == 0 && ::waitpid(victim, nullptr, 0) == victim);
  }
};

TEST_F(PtraceTest, SeizeAndDetach) {
  const auto calls = Run([&] {
    const pid_t victim = Victim();
    for (int i = 0; i < 5; ++i) {
      REQUIRE_OK(::ptrace(PTRACE_ATTACH, victim, 0, 0) == 0);
      REQUIRE_OK(::waitpid(victim, nullptr, 0) == victim);
      REQUIRE_OK(::ptrace(PTRACE_DETACH, victim, 0, 0) == 0);
    }
    REQUIRE_OK(::ptrace(PTRACE_CONT, victim, 0, 0) < 0 && errno == ESRCH);
    End(victim);
  });
  ASSERT_EQ(calls.size(), 11u);
  for (std::size_t i = 0; i < calls.size(); ++i) {
    Expect(calls[i], "ptrace", i < 10 ? 0 : -ESRCH);
    EXPECT_EQ(calls[i]->arg[0], i == 10 ? PTRACE_CONT : i % 2 == 0 ? PTRACE_ATTACH : PTRACE_DETACH);
    ExpectTarget(calls[i]);
  }
}

TEST_F(PtraceTest, MemoryAndDescriptorsOfAnother) {
  TempDir dir;
  const std::string path = dir.path() + "/secret";
  const auto calls = Run([&] {
    const int secret = ::open(path.c_str(), O_CREAT | O_RDWR, 0600);
    const pid_t victim = Victim();
    char here[8] = "1234567";
    const iovec local{here, sizeof here}, remote{here, sizeof here};
    REQUIRE_OK(::process_vm_readv(victim, &local, 1, &remote, 1, 0) == sizeof here);
    REQUIRE_OK(::process_vm_writev(victim, &local, 1, &remote, 1, 0) == sizeof here);
    const auto pidfd = static_cast<int>(::syscall(SYS_pidfd_open, victim, 0));
    REQUIRE_OK(pidfd >= 0 && ::syscall(SYS_pidfd_getfd, pidfd, secret, 0) >= 0);
    REQUIRE_OK(::syscall(SYS_pidfd_open, 1 << 22, 0) < 0);
    End(victim);
  });
  ASSERT_EQ(calls.size(), 5u);
  const char* const kNames[] = {"process_vm_readv", "process_vm_writev", "pidfd_open",
                                "pidfd_getfd"};
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(calls[i].event().name(), kNames[i]);
    EXPECT_GT(calls[i]->result, 0);
    ExpectTarget(calls[i]);
  }
  EXPECT_EQ(calls[0]->result, 8);
  EXPECT_EQ(calls[3].Text(calls[3]->text[0]), path);
  EXPECT_NE(calls[3]->file.ino, 0u);
  EXPECT_LT(calls[4]->result, 0);
  EXPECT_EQ(calls[4]->target_tgid, 0u);
}

class SignalTest : public CallTest {
 protected:
  SignalTest() : CallTest(EVENT_SIGNAL) {}
};

// Whoever else is sent one is no concern; nor are signals the kernel sends.
TEST_F(SignalTest, OnlyThoseToTheMonitor) {
  const pid_t monitor = ::getpid();
  const auto calls = Run([&] {
    const pid_t other = ::fork();
    if (other == 0) ::_exit(0);
    ::kill(other, SIGURG);
    REQUIRE_OK(::waitpid(other, nullptr, 0) == other);
    for (int i = 0; i < 3; ++i) REQUIRE_OK(::kill(monitor, SIGURG) == 0);
    REQUIRE_OK(::syscall(SYS_tkill, monitor, SIGURG) == 0);
    REQUIRE_OK(::syscall(SYS_tgkill, monitor, monitor, SIGURG) == 0);
    const auto pidfd = static_cast<int>(::syscall(SYS_pidfd_open, monitor, 0));
    REQUIRE_OK(::syscall(SYS_pidfd_send_signal, pidfd, SIGURG, nullptr, 0) == 0);
    REQUIRE_OK(::kill(monitor, 0) == 0);
#if defined(__x86_64__)
    REQUIRE_OK(Int80(37, static_cast<std::uint32_t>(monitor), SIGURG) == 0);
#endif
  });
  ASSERT_GE(calls.size(), 6u);
  const char* const kNames[] = {"kill", "kill", "kill", "tkill", "tgkill", "pidfd_send_signal",
                                "kill"};
#if defined(__x86_64__)
  ASSERT_EQ(calls.size(), 7u);
#endif
  for (std::size_t i = 0; i < calls.size(); ++i) {
    EXPECT_EQ(calls[i].event().name(), kNames[i]);
    EXPECT_EQ(calls[i]->arg[1], std::uint64_t{SIGURG});
    EXPECT_EQ(calls[i]->target_tgid, static_cast<std::uint32_t>(monitor));
    EXPECT_EQ(TicksOf(calls[i]->target_start_ns), StartTicks(monitor));
  }
}

class SetuidTest : public CallTest {
 protected:
  SetuidTest() : CallTest(EVENT_SETUID) {}

  std::vector<Found<credentials_record>> Changes() { return recorded_->Of<credentials_record>(); }
  bool traced() {
    return KindOf(harness_.source(), EVENT_CREDENTIALS) == probe::SensorKind::kObject;
  }
  // Down to nobody and up again, `n` times: each a change, which the record says.
  void ExpectChanges(std::size_t n) {
    const auto changes = Changes();
    ASSERT_EQ(changes.size(), 2 * n);
    for (std::size_t i = 0; i < changes.size(); ++i) {
      const std::uint32_t now = i % 2 == 0 ? 65534 : 0;
      EXPECT_EQ(changes[i].event().name(), "credentials");
      EXPECT_EQ(changes[i].header().euid, now);
      EXPECT_EQ(changes[i]->after.euid, now);
      EXPECT_EQ(changes[i]->after.uid, 0u);
      EXPECT_EQ(changes[i]->after.fsuid, now);
      EXPECT_EQ(changes[i]->after.cap_effective == 0, i % 2 == 0);
      EXPECT_NE(changes[i]->after.cap_permitted, 0u);
      EXPECT_EQ(changes[i]->by, CREDENTIALS_BY_SETUID);
      EXPECT_EQ(changes[i]->before_known, traced() ? 1 : 0);
      if (traced()) {
        EXPECT_EQ(changes[i]->before.euid, 65534 - now);
      }
    }
  }
};

TEST_F(SetuidTest, EveryCallAndEveryChange) {
  const auto calls = Run([] {
    for (int i = 0; i < 3; ++i) {
      REQUIRE_OK(::syscall(SYS_setresuid, -1, 65534, -1) == 0);
      REQUIRE_OK(::syscall(SYS_setreuid, -1, 0) == 0);
    }
  });
  ASSERT_EQ(calls.size(), 6u);
  for (std::size_t i = 0; i < 6; ++i) Expect(calls[i], i % 2 == 0 ? "setresuid" : "setreuid", 0);
  EXPECT_EQ(static_cast<std::int32_t>(calls[0]->arg[0]), -1);
  EXPECT_EQ(calls[0]->arg[1], 65534u);
  ExpectChanges(3);
}

TEST_F(SetuidTest, NamesAndFailures) {
  const auto calls = Run([] {
    ::syscall(SYS_setgid, 0);
    ::syscall(SYS_setregid, -1, -1);
    ::syscall(SYS_setresgid, -1, -1, -1);
    ::syscall(SYS_setfsgid, -1);
    ::syscall(SYS_setfsuid, -1);
    REQUIRE_OK(::syscall(SYS_setuid, 65534) == 0);
    REQUIRE_OK(::syscall(SYS_setuid, 0) < 0 && errno == EPERM);
  });
  ASSERT_EQ(calls.size(), 7u);
  const char* const kNames[] = {"setgid",   "setregid", "setresgid", "setfsgid",
                                "setfsuid", "setuid",   "setuid"};
  for (std::size_t i = 0; i < 7; ++i) Expect(calls[i], kNames[i], i == 6 ? -EPERM : 0);
  EXPECT_EQ(calls[5].header().uid, 65534u);
  const auto changes = Changes();
  ASSERT_EQ(changes.size(), traced() ? 1u : 6u);
  EXPECT_EQ(changes.back()->after.uid, 65534u);
  EXPECT_EQ(changes.back()->after.cap_permitted, 0u);
}

#if defined(__x86_64__)
TEST_F(SetuidTest, Of32BitsWithIdsOf32And16) {
  const auto calls = Run([] {
    REQUIRE_OK(Int80(208, ~0u, 65534, ~0u) == 0 && Int80(203, ~0u, 0) == 0);
    REQUIRE_OK(Int80(164, 0xffff, 65534, 0xffff) == 0 && Int80(70, 0xffff, 0) == 0);
  });
  ASSERT_EQ(calls.size(), 4u);
  for (std::size_t i = 0; i < 4; ++i) {
    Expect(calls[i], i % 2 == 0 ? "setresuid" : "setreuid", 0);
    EXPECT_EQ(static_cast<std::int32_t>(calls[i]->arg[0]), -1);
    EXPECT_EQ(calls[i]->arg[1], i % 2 == 0 ? 65534u : 0u);
  }
  ExpectChanges(2);
}
#endif

TEST_F(SetuidTest, Capset) {
  const Recorded recorded = harness_.Run([] {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct caps[2]{};
    REQUIRE_OK(::syscall(SYS_capget, &header, caps) == 0);
    caps[0].effective &= ~(1u << CAP_CHOWN);
    REQUIRE_OK(::syscall(SYS_capset, &header, caps) == 0);
    REQUIRE_OK(::syscall(SYS_capset, nullptr, nullptr) < 0);
  });
  std::vector<Call> calls;
  for (const Call& call : recorded.Of<call_record>())
    if (call.header().type == EVENT_CAPSET) calls.push_back(call);
  ASSERT_EQ(calls.size(), 2u);
  EXPECT_EQ(calls[0].event().name(), "capset");
  EXPECT_EQ(calls[0]->result, 0);
  EXPECT_EQ(calls[0]->known[2] & 1u, 0u);
  EXPECT_EQ(calls[0]->known[1] & 1u, 1u);
  EXPECT_EQ(calls[1]->result, -EFAULT);
  const auto changes = recorded.Of<credentials_record>();
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(changes[0]->by, CREDENTIALS_BY_CAPSET);
  EXPECT_EQ(changes[0]->after.cap_effective, calls[0]->known[2]);
}

// The executable belongs to root, its reader does not.
TEST_F(SetuidTest, ExecOfASetuidProgram) {
  TempDir dir;
  const std::string program = MakeProgram(dir.path() + "/setuid");
  ASSERT_EQ(::chmod(dir.path().c_str(), 0755), 0);
  ASSERT_EQ(::chmod(program.c_str(), 04755), 0);
  const Recorded recorded = harness_.Run([&] {
    REQUIRE_OK(::syscall(SYS_setresuid, 65534, 65534, 65534) == 0);
    Exec(program, {"setuid"});
  });
  const auto changes = recorded.Of<credentials_record>();
  ASSERT_EQ(changes.size(), 2u);
  EXPECT_EQ(changes[0]->by, CREDENTIALS_BY_SETUID);
  EXPECT_EQ(changes[1]->by, CREDENTIALS_BY_EXEC);
  EXPECT_EQ(changes[1]->after.uid, 65534u);
  EXPECT_EQ(changes[1]->after.euid, 0u);
  EXPECT_NE(changes[1]->after.cap_effective, 0u);
  if (traced()) {
    EXPECT_EQ(changes[1]->before.euid, 65534u);
  }
  const auto execs = recorded.Of<exec_record>();
  ASSERT_EQ(execs.size(), 1u);
  EXPECT_EQ(execs[0]->cap_effective, changes[1]->after.cap_effective);
  // What was before is known to user space as long as the exec's record has not come.
  EXPECT_LT(changes[1].header().time_ns, execs[0].header().time_ns);
  EXPECT_LT(changes[1].header().seq, execs[0].header().seq);
}

}  // namespace
}  // namespace nezuban::bpf_test
