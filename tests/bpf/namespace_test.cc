// SPDX-License-Identifier: Apache-2.0
// setns and unshare: which namespaces, whose, with what result; natively and as 32-bit calls.
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "bpf/call_fixture.h"

namespace nezuban::bpf_test {
namespace {

class NamespaceTest : public CallTest {
 protected:
  NamespaceTest() : CallTest(EVENT_NAMESPACE) {}
};

TEST_F(NamespaceTest, SetnsOfANamespaceFile) {
  const auto calls = Run([&] {
    const int fd = ::open("/proc/self/ns/uts", O_RDONLY);
    for (int i = 0; i < 7; ++i) REQUIRE_OK(::setns(fd, i % 2 == 0 ? 0 : CLONE_NEWUTS) == 0);
    REQUIRE_OK(::setns(fd, CLONE_NEWNET) < 0 && errno == EINVAL);
    REQUIRE_OK(::setns(-1, CLONE_NEWNS) < 0 && errno == EBADF);
  });
  ASSERT_EQ(calls.size(), 9u);
  const std::uint32_t uts = NamespaceInode(::getpid(), "uts");
  for (std::size_t i = 0; i < 8; ++i) {
    Expect(calls[i], "setns", i < 7 ? 0 : -EINVAL);
    EXPECT_EQ(calls[i]->arg[1], i == 7 ? CLONE_NEWNET : i % 2 == 0 ? 0u : CLONE_NEWUTS);
    EXPECT_EQ(calls[i]->known[0], std::uint64_t{CLONE_NEWUTS});
    EXPECT_EQ(calls[i]->known[1], uts);
    EXPECT_EQ(calls[i]->target_tgid, 0u);
  }
  Expect(calls[8], "setns", -EBADF);
  EXPECT_EQ(static_cast<std::int32_t>(calls[8]->arg[0]), -1);
  EXPECT_EQ(calls[8]->known[1], 0u);
}

// The header's namespaces are those after the call.
TEST_F(NamespaceTest, SetnsThroughAPidfd) {
  Shared<std::uint32_t> mnt_ns;
  const auto calls = Run([&] {
    const pid_t other = ::fork();
    if (other == 0) {
      REQUIRE_OK(::unshare(CLONE_NEWNS | CLONE_NEWUTS) == 0);
      *mnt_ns = NamespaceInode(::getpid(), "mnt");
      ::raise(SIGSTOP);
      ::_exit(0);
    }
    int status = 0;
    REQUIRE_OK(::waitpid(other, &status, WUNTRACED) == other && WIFSTOPPED(status));
    const auto pidfd = static_cast<int>(::syscall(SYS_pidfd_open, other, 0));
    REQUIRE_OK(pidfd >= 0 && ::setns(pidfd, CLONE_NEWNS | CLONE_NEWUTS) == 0);
    *target_ = {static_cast<std::uint32_t>(other), StartTicks(other)};
    REQUIRE_OK(::kill(other, SIGCONT) == 0 && ::waitpid(other, &status, 0) == other);
  });
  ASSERT_EQ(calls.size(), 2u);  // unshare, setns
  EXPECT_EQ(calls[0].event().name(), "unshare");
  EXPECT_EQ(calls[0].header().mnt_ns, *mnt_ns);
  Expect(calls[1], "setns", 0);
  EXPECT_EQ(calls[1]->known[0], std::uint64_t{CLONE_NEWNS | CLONE_NEWUTS});
  EXPECT_EQ(calls[1]->known[1], 0u);
  EXPECT_EQ(calls[1].header().mnt_ns, *mnt_ns);
  ExpectTarget(calls[1]);
}

TEST_F(NamespaceTest, Unshare) {
  const auto calls = Run([&] {
    for (int i = 0; i < 5; ++i) REQUIRE_OK(::unshare(CLONE_NEWUTS | CLONE_FS) == 0);
    REQUIRE_OK(::unshare(CLONE_VFORK) < 0 && errno == EINVAL);
  });
  ASSERT_EQ(calls.size(), 6u);
  for (std::size_t i = 0; i < 5; ++i) {
    Expect(calls[i], "unshare", 0);
    EXPECT_EQ(calls[i]->arg[0], std::uint64_t{CLONE_NEWUTS | CLONE_FS});
  }
  Expect(calls[5], "unshare", -EINVAL);
}

// A user namespace gives capabilities: part of who the process is, though no rule asks for the
// call.
TEST_F(NamespaceTest, CredentialsOfAUserNamespaceAreAlwaysTold) {
  harness_.source().SetEnabled({});
  EXPECT_EQ(Run([] {
              __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
              __user_cap_data_struct caps[2]{};
              REQUIRE_OK(::syscall(SYS_capget, &header, caps) == 0);
              caps[0].effective &= ~(1u << CAP_CHOWN);
              REQUIRE_OK(::syscall(SYS_capset, &header, caps) == 0);
              REQUIRE_OK(::unshare(CLONE_NEWUSER) == 0);
            }).size(),
            0u);
  const auto changes = recorded_->Of<credentials_record>();
  ASSERT_EQ(changes.size(), 2u);
  EXPECT_EQ(changes[0]->by, CREDENTIALS_BY_CAPSET);
  EXPECT_EQ(changes[1]->by, CREDENTIALS_BY_NAMESPACE);
  EXPECT_EQ(changes[1]->after.cap_effective & (1u << CAP_CHOWN), 1u << CAP_CHOWN);
}

#if defined(__x86_64__)
TEST_F(NamespaceTest, Of32Bits) {
  const auto calls = Run([&] {
    const int fd = ::open("/proc/self/ns/uts", O_RDONLY);
    for (int i = 0; i < 3; ++i)
      REQUIRE_OK(Int80(346, static_cast<std::uint32_t>(fd), CLONE_NEWUTS) == 0);
    for (int i = 0; i < 2; ++i) REQUIRE_OK(Int80(310, CLONE_NEWUTS) == 0);
  });
  ASSERT_EQ(calls.size(), 5u);
  for (std::size_t i = 0; i < 3; ++i) {
    Expect(calls[i], "setns", 0);
    EXPECT_EQ(calls[i]->known[0], std::uint64_t{CLONE_NEWUTS});
    EXPECT_EQ(calls[i]->known[1], NamespaceInode(::getpid(), "uts"));
  }
  for (std::size_t i = 3; i < 5; ++i) {
    Expect(calls[i], "unshare", 0);
    EXPECT_EQ(calls[i]->arg[0], std::uint64_t{CLONE_NEWUTS});
  }
}
#endif

}  // namespace
}  // namespace nezuban::bpf_test
