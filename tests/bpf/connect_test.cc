// SPDX-License-Identifier: Apache-2.0
// Both ends and the result of connections over IP: by family, and by how they end.
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/time.h>
#include <sys/wait.h>

#include <csignal>
#include <set>

#include "bpf/connect_fixture.h"

namespace nezuban::bpf_test {
namespace {

struct InetCase {
  const char* name;
  int socket_family;
  int type;
  const char* listen;  // TCP only
  const char* to;
  int family;  // in the record, as the addresses
  const char* remote;
  const char* local;
  int count;
};

class ConnectInet : public ConnectTest, public ::testing::WithParamInterface<InetCase> {};

TEST_P(ConnectInet, HasBothEnds) {
  const InetCase& c = GetParam();
  Listener listener(c.listen);
  const auto connects = Run([&] {
    for (int i = 0; i < c.count; ++i)
      acts_->Do(Socket(c.socket_family, c.type), Make(c.to, listener.port()));
  });
  ASSERT_EQ(connects.size(), static_cast<std::size_t>(c.count));
  std::set<std::uint16_t> local_ports;
  for (int i = 0; i < c.count; ++i) {
    const Connect& connect = connects[static_cast<std::size_t>(i)];
    EXPECT_EQ(acts_->error[i], 0);
    ExpectCommon(connect, i);
    ExpectInet(connect, i, c.family, c.type, c.remote, listener.port());
    EXPECT_EQ(Text(connect->ends.local_addr, c.family), c.local);
    EXPECT_NE(connect->ends.local_port, 0u);
    EXPECT_EQ(connect->ends.state, kEstablished);
    EXPECT_EQ(connect.header().tgid, static_cast<std::uint32_t>(recorded_->child()));
    local_ports.insert(connect->ends.local_port);
  }
  EXPECT_EQ(local_ports.size(), static_cast<std::size_t>(c.count));
}

INSTANTIATE_TEST_SUITE_P(
    All, ConnectInet,
    ::testing::Values(
        InetCase{"tcp4", AF_INET, SOCK_STREAM, "127.0.0.1", "127.0.0.1", AF_INET, "127.0.0.1",
                 "127.0.0.1", 7},
        InetCase{"tcp6", AF_INET6, SOCK_STREAM, "::1", "::1", AF_INET6, "::1", "::1", 5},
        InetCase{"mapped", AF_INET6, SOCK_STREAM, "127.0.0.1", "::ffff:127.0.0.1", AF_INET,
                 "127.0.0.1", "127.0.0.1", 3},
        InetCase{"any4", AF_INET, SOCK_STREAM, "127.0.0.1", "0.0.0.0", AF_INET, "127.0.0.1",
                 "127.0.0.1", 3},
        InetCase{"udp4", AF_INET, SOCK_DGRAM, "127.0.0.1", "127.0.0.2", AF_INET, "127.0.0.2",
                 "127.0.0.1", 7},
        InetCase{"udp6", AF_INET6, SOCK_DGRAM, "::1", "::1", AF_INET6, "::1", "::1", 5},
        InetCase{"udpmapped", AF_INET6, SOCK_DGRAM, "127.0.0.1", "::ffff:127.0.0.1", AF_INET,
                 "127.0.0.1", "127.0.0.1", 3}),
    [](const auto& info) { return std::string(info.param.name); });

// The socket has forgotten its ends by the time the call is over.
TEST_F(ConnectTest, RefusedKeepsTheRealPort) {
  const std::uint16_t port = ClosedPort();
  const auto connects = Run([&] {
    for (int i = 0; i < 7; ++i) acts_->Do(Socket(AF_INET, SOCK_STREAM), Make("127.0.0.1", port));
  });
  ASSERT_EQ(connects.size(), 7u);
  for (int i = 0; i < 7; ++i) {
    const Connect& connect = connects[static_cast<std::size_t>(i)];
    EXPECT_EQ(acts_->error[i], ECONNREFUSED);
    ExpectCommon(connect, i);
    ExpectInet(connect, i, AF_INET, SOCK_STREAM, "127.0.0.1", port);
    EXPECT_EQ(Text(connect->ends.local_addr, AF_INET), "127.0.0.1");
    EXPECT_NE(connect->ends.local_port, 0u);
    EXPECT_EQ(connect->ends.state, kClosed);
  }
}

TEST_F(ConnectTest, RefusedMappedIsIpv4) {
  const std::uint16_t port = ClosedPort();
  const auto connects = Run([&] {
    for (int i = 0; i < 3; ++i)
      acts_->Do(Socket(AF_INET6, SOCK_STREAM), Make("::ffff:127.0.0.1", port));
  });
  ASSERT_EQ(connects.size(), 3u);
  for (int i = 0; i < 3; ++i) {
    ExpectCommon(connects[static_cast<std::size_t>(i)], i);
    ExpectInet(connects[static_cast<std::size_t>(i)], i, AF_INET, SOCK_STREAM, "127.0.0.1", port);
  }
}

TEST_F(ConnectTest, InProgress) {
  Listener listener("127.0.0.1", 0);
  listener.Fill();
  const auto connects = Run([&] {
    for (int i = 0; i < 5; ++i) {
      const int fd = Socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK);
      acts_->Do(fd, Make("127.0.0.1", listener.port()));
      acts_->Do(fd, Make("127.0.0.3", 99));  // EALREADY: the first one goes on
    }
  });
  ASSERT_EQ(connects.size(), 10u);
  for (int i = 0; i < 10; ++i) {
    const Connect& connect = connects[static_cast<std::size_t>(i)];
    EXPECT_EQ(acts_->error[i], i % 2 == 0 ? EINPROGRESS : EALREADY);
    ExpectCommon(connect, i);
    ExpectInet(connect, i, AF_INET, SOCK_STREAM, "127.0.0.1", listener.port());
    EXPECT_EQ(connect->ends.state, kSynSent);
  }
}

// While the calls wait, somebody changes the address in the caller's memory.
TEST_F(ConnectTest, TimedOutKeepsTheRealPort) {
  Listener listener("127.0.0.1", 0);
  listener.Fill();
  Shared<Address> address;
  *address = Make("127.0.0.1", listener.port());
  const auto connects = Run([&] {
    for (int i = 0; i < 3; ++i) {
      if (::fork() != 0) continue;
      const int fd = Socket(AF_INET, SOCK_STREAM);
      const int once = 1;
      REQUIRE_OK(::setsockopt(fd, IPPROTO_TCP, TCP_SYNCNT, &once, sizeof once) == 0);
      acts_->Do(fd, &address->any, sizeof address->v4);
      ::_exit(0);
    }
    ::usleep(500000);
    *address = Make("127.0.0.9", 9);
    while (::wait(nullptr) > 0) {
    }
  });
  ASSERT_EQ(connects.size(), 3u);
  for (int i = 0; i < 3; ++i) {
    const Connect& connect = connects[static_cast<std::size_t>(i)];
    EXPECT_EQ(connect->result, -ETIMEDOUT);
    EXPECT_EQ(connect.header().flags, 0u);
    EXPECT_EQ(connect->fd, acts_->fd[i]);
    EXPECT_EQ(Text(connect->ends.remote_addr, AF_INET), "127.0.0.1");
    EXPECT_EQ(connect->ends.remote_port, listener.port());
    EXPECT_EQ(Text(connect->ends.local_addr, AF_INET), "127.0.0.1");
    EXPECT_NE(connect->ends.local_port, 0u);
    EXPECT_EQ(connect->ends.state, kClosed);
  }
}

TEST_F(ConnectTest, Interrupted) {
  Listener listener("127.0.0.1", 0);
  listener.Fill();
  const auto connects = Run([&] {
    struct sigaction action {};
    action.sa_handler = [](int) {};
    REQUIRE_OK(::sigaction(SIGALRM, &action, nullptr) == 0);
    for (int i = 0; i < 3; ++i) {
      const itimerval soon{{}, {0, 200000}};
      REQUIRE_OK(::setitimer(ITIMER_REAL, &soon, nullptr) == 0);
      acts_->Do(Socket(AF_INET, SOCK_STREAM), Make("127.0.0.1", listener.port()));
    }
  });
  ASSERT_EQ(connects.size(), 3u);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(acts_->error[i], EINTR);
    ExpectCommon(connects[static_cast<std::size_t>(i)], i);
    ExpectInet(connects[static_cast<std::size_t>(i)], i, AF_INET, SOCK_STREAM, "127.0.0.1",
               listener.port());
    EXPECT_EQ(connects[static_cast<std::size_t>(i)]->ends.state, kSynSent);
  }
}

// Refused before the socket was touched: only what was asked for can be told.
TEST_F(ConnectTest, ForbiddenTellsWhatWasAskedFor) {
  const auto connects = Run([&] {
    for (int i = 0; i < 3; ++i)
      acts_->Do(Socket(AF_INET, SOCK_DGRAM), Make("127.255.255.255", 4321));
    for (int i = 0; i < 2; ++i) {
      Address wrong = Make("127.0.0.1", 4321);
      wrong.any.sa_family = AF_INET6;
      acts_->Do(Socket(AF_INET, SOCK_STREAM), &wrong.any, sizeof wrong.v4);
    }
  });
  ASSERT_EQ(connects.size(), 5u);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(acts_->error[i], EACCES);
    ExpectCommon(connects[static_cast<std::size_t>(i)], i, true);
    ExpectInet(connects[static_cast<std::size_t>(i)], i, AF_INET, SOCK_DGRAM, "127.255.255.255",
               4321);
  }
  for (int i = 3; i < 5; ++i) {
    EXPECT_EQ(acts_->error[i], EAFNOSUPPORT);
    ExpectCommon(connects[static_cast<std::size_t>(i)], i, true);
    EXPECT_EQ(connects[static_cast<std::size_t>(i)]->ends.family, AF_INET6);
    EXPECT_EQ(connects[static_cast<std::size_t>(i)]->ends.remote_port, 0u);
  }
}

TEST_F(ConnectTest, UnspecIsNoConnection) {
  Listener listener;
  const auto connects = Run([&] {
    for (int i = 0; i < 3; ++i) {
      const int fd = Socket(AF_INET, i == 0 ? SOCK_STREAM : SOCK_DGRAM);
      acts_->Do(fd, Make("127.0.0.1", listener.port()));
      const sockaddr nothing{};
      acts_->Do(fd, &nothing, sizeof nothing);
    }
  });
  ASSERT_EQ(connects.size(), 6u);
  for (int i = 0; i < 6; ++i) {
    const Connect& connect = connects[static_cast<std::size_t>(i)];
    EXPECT_EQ(acts_->error[i], 0);
    ExpectCommon(connect, i);
    EXPECT_EQ(connect->ends.family, i % 2 == 0 ? AF_INET : AF_UNSPEC);
    EXPECT_EQ(connect->ends.remote_port, i % 2 == 0 ? listener.port() : 0u);
  }
}

TEST_F(ConnectTest, NoSocketNoRecord) {
  const auto connects = Run([&] {
    const int null = ::open("/dev/null", O_RDWR);
    const Address address = Make("127.0.0.1", 9);
    REQUIRE_OK(::connect(null, &address.any, sizeof address.v4) < 0 && errno == ENOTSOCK);
    REQUIRE_OK(::connect(null + 100, &address.any, sizeof address.v4) < 0 && errno == EBADF);
  });
  EXPECT_EQ(connects.size(), 0u);
}

}  // namespace
}  // namespace nezuban::bpf_test
