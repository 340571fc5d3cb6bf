// SPDX-License-Identifier: Apache-2.0
// A socket that becomes a standard stream is reported, by whichever call; nothing else is.
#include <fcntl.h>
#include <sys/syscall.h>

#include "bpf/connect_fixture.h"

namespace nezuban::bpf_test {
namespace {

struct Done {
  std::uint16_t local_port;
  std::uint64_t ino;
  int fd;
};

class DupTest : public ::testing::Test {
 protected:
  bool object() { return KindOf(harness_.source(), EVENT_DUP) == probe::SensorKind::kObject; }

  // In the child: a connected socket at a descriptor of its own, and nothing at 0 to 2.
  int OnlySocket() {
    const Address to = Make("127.0.0.1", listener_.port());
    const int low = Socket(AF_INET, SOCK_STREAM);
    const int fd = ::fcntl(low, F_DUPFD, 100);
    REQUIRE_OK(fd >= 100 && ::close(low) == 0);
    REQUIRE_OK(::connect(fd, &to.any, sizeof to.v4) == 0);
    struct stat st {};
    REQUIRE_OK(::fstat(fd, &st) == 0);
    *done_ = {LocalPort(fd), st.st_ino, fd};
    CloseStreams();
    return fd;
  }
  static void CloseStreams() {
    for (int fd = 0; fd < 3; ++fd) ::close(fd);
  }

  // `duplicate(fd)` gives the new descriptor: 0, 1 and 2 in turn, and 3 for nothing.
  void Expect(const char* name, bool knows_old, const std::function<int(int fd, int to)>& act) {
    const Recorded recorded = harness_.Run([&] {
      const int fd = OnlySocket();
      for (int to = 0; to < 3; ++to)
        if (act(fd, to) != to) ::_exit(10 + to);
      if (act(fd, 3) < 3) ::_exit(20);
    });
    const auto dups = recorded.Of<dup_record>();
    ASSERT_EQ(dups.size(), 3u);
    for (int to = 0; to < 3; ++to) {
      const auto& dup = dups[static_cast<std::size_t>(to)];
      EXPECT_EQ(dup.event().name(), name);
      EXPECT_EQ(dup.header().lane, LANE_VITAL);
      EXPECT_EQ(dup.header().sensor, object() ? SENSOR_OBJECT : SENSOR_TRACEPOINT);
      EXPECT_EQ(dup.header().flags, 0u);
      EXPECT_EQ(dup.header().tgid, static_cast<std::uint32_t>(recorded.child()));
      EXPECT_EQ(dup->new_fd, to);
      EXPECT_EQ(dup->old_fd, knows_old ? done_->fd : -1);
      EXPECT_EQ(dup->ends.family, AF_INET);
      EXPECT_EQ(dup->ends.type, SOCK_STREAM);
      EXPECT_EQ(dup->ends.protocol, IPPROTO_TCP);
      EXPECT_EQ(dup->ends.state, 1);
      EXPECT_EQ(dup->ends.ino, done_->ino);
      EXPECT_EQ(Text(dup->ends.remote_addr, AF_INET), "127.0.0.1");
      EXPECT_EQ(dup->ends.remote_port, listener_.port());
      EXPECT_EQ(dup->ends.local_port, done_->local_port);
    }
  }

  Harness harness_;
  Listener listener_;
  Shared<Done> done_;
};

TEST_F(DupTest, Dup) {
  Expect("dup", true, [](int fd, int) { return ::dup(fd); });
}

TEST_F(DupTest, Dup2) {
  Expect("dup2", true,
         [](int fd, int to) { return static_cast<int>(::syscall(SYS_dup2, fd, to)); });
}

TEST_F(DupTest, Dup3) {
  Expect("dup3", true, [](int fd, int to) { return ::dup3(fd, to, to == 1 ? O_CLOEXEC : 0); });
}

TEST_F(DupTest, Fcntl) {
  Expect("fcntl", !object(), [](int fd, int to) { return ::fcntl(fd, F_DUPFD, to); });
}

TEST_F(DupTest, FcntlCloexec) {
  Expect("fcntl", !object(), [](int fd, int to) { return ::fcntl(fd, F_DUPFD_CLOEXEC, to); });
}

#if defined(__x86_64__)
TEST_F(DupTest, DupOf32Bits) {
  Expect("dup", true, [](int fd, int) { return Int80(41, static_cast<std::uint32_t>(fd)); });
}

TEST_F(DupTest, Dup2Of32Bits) {
  Expect("dup2", true, [](int fd, int to) {
    return Int80(63, static_cast<std::uint32_t>(fd), static_cast<std::uint32_t>(to));
  });
}

TEST_F(DupTest, Dup3Of32Bits) {
  Expect("dup3", true, [](int fd, int to) {
    return Int80(330, static_cast<std::uint32_t>(fd), static_cast<std::uint32_t>(to));
  });
}

TEST_F(DupTest, FcntlOf32Bits) {
  Expect("fcntl", !object(), [](int fd, int to) {
    return Int80(55, static_cast<std::uint32_t>(fd), F_DUPFD, static_cast<std::uint32_t>(to));
  });
}

TEST_F(DupTest, Fcntl64Of32Bits) {
  Expect("fcntl", !object(), [](int fd, int to) {
    return Int80(221, static_cast<std::uint32_t>(fd), F_DUPFD, static_cast<std::uint32_t>(to));
  });
}
#endif

TEST_F(DupTest, UnixSocket) {
  const Recorded recorded = harness_.Run([&] {
    int pair[2];
    REQUIRE_OK(::socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    for (int i = 0; i < 5; ++i) REQUIRE_OK(::dup2(pair[0], 0) == 0);
  });
  const auto dups = recorded.Of<dup_record>();
  ASSERT_EQ(dups.size(), 5u);
  for (const auto& dup : dups) {
    EXPECT_EQ(dup->ends.family, AF_UNIX);
    EXPECT_EQ(dup->ends.type, SOCK_STREAM);
  }
}

// Neither other files nor failures, nor fcntl commands that happen to answer 0 to 2.
TEST_F(DupTest, NothingElse) {
  const Recorded recorded = harness_.Run([&] {
    const int null = ::open("/dev/null", O_RDWR);
    int ends[2];
    REQUIRE_OK(null > 2 && ::pipe(ends) == 0);
    REQUIRE_OK(::dup2(null, 0) == 0 && ::dup2(ends[0], 0) == 0 && ::dup3(null, 1, 0) == 1);
    REQUIRE_OK(::close(0) == 0 && ::fcntl(null, F_DUPFD, 0) == 0);
    const int fd = Socket(AF_INET, SOCK_STREAM);
    REQUIRE_OK(fd > 2 && ::dup2(fd, 50) == 50 && ::dup2(fd, -1) < 0 && ::dup2(1000, 0) < 0);
    REQUIRE_OK(::fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 && ::fcntl(fd, F_GETFD) == FD_CLOEXEC);
    REQUIRE_OK(::dup2(50, 0) == 0);  // the one that counts
    REQUIRE_OK(::fcntl(0, F_GETFL) == O_RDWR && ::fcntl(0, F_SETFD, 0) == 0);
  });
  const auto dups = recorded.Of<dup_record>();
  ASSERT_EQ(dups.size(), 1u);
  EXPECT_EQ(dups[0]->old_fd, 50);
  EXPECT_EQ(dups[0]->new_fd, 0);
}

}  // namespace
}  // namespace nezuban::bpf_test
