// SPDX-License-Identifier: Apache-2.0
// Sockets are made: what was asked for, what came of it, by every door.
#include "bpf/socket_fixture.h"

namespace nezuban::bpf_test {
namespace {

using Made = Found<socket_record>;

constexpr int kSocket = 359, kSocketpair = 360;      // i386
constexpr int kCallSocket = 1, kCallSocketpair = 8;  // socketcall
constexpr std::uint32_t kEthPAll = 0x0300;           // in network order

struct Asked {
  int domain;
  int type;
  int protocol;
  int got_protocol;  // of the socket
};
constexpr Asked kAsked[] = {
    {AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0, IPPROTO_TCP},
    {AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK, 0, IPPROTO_UDP},
    {AF_UNIX, SOCK_SEQPACKET, 0, 0},
    {AF_NETLINK, SOCK_RAW, 0, 0},
    {AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, kEthPAll, 0},
    {AF_INET, SOCK_RAW, IPPROTO_RAW, IPPROTO_RAW},
};

TEST_F(SocketTest, SocketTellsWhatWasAskedFor) {
  for (const Door& door : Doors(SYS_socket, kSocket, kCallSocket)) {
    SCOPED_TRACE(door.name);
    noted_->count = 0;
    const auto made = Run<socket_record>(EVENT_SOCKET, [&] {
      LowMemory memory;
      for (const Asked& asked : kAsked) {
        const long fd = door.call(memory, {static_cast<std::uint64_t>(asked.domain),
                                           static_cast<std::uint64_t>(asked.type),
                                           static_cast<std::uint64_t>(asked.protocol)});
        REQUIRE_OK(fd >= 0);
        noted_->Add(fd, static_cast<int>(fd));
      }
    });
    ASSERT_EQ(made.size(), std::size(kAsked));
    for (std::size_t i = 0; i < std::size(kAsked); ++i) {
      SCOPED_TRACE(i);
      const Made& one = made[i];
      ExpectHeader(one, "socket", LANE_BULK);
      EXPECT_EQ(one->domain, static_cast<std::uint32_t>(kAsked[i].domain));
      EXPECT_EQ(one->type, static_cast<std::uint32_t>(kAsked[i].type));
      EXPECT_EQ(one->protocol, static_cast<std::uint32_t>(kAsked[i].protocol));
      EXPECT_EQ(one->result, noted_->result[i]);
      EXPECT_EQ(one->fd, noted_->fd[i]);
      EXPECT_EQ(one->peer_fd, -1);
      EXPECT_EQ(one->ends.family, kAsked[i].domain);
      EXPECT_EQ(one->ends.type, kAsked[i].type & 0xf);
      EXPECT_EQ(one->ends.protocol, kAsked[i].got_protocol);
      EXPECT_EQ(one->ends.ino, noted_->ino[i]);
      EXPECT_EQ(one->ends.local_port, 0);
      EXPECT_EQ(one->ends.remote_port, 0);
      EXPECT_EQ(one.header().flags, door.from_memory ? RECORD_FROM_USER_MEMORY : 0u);
    }
  }
}

TEST_F(SocketTest, FailuresAreSeen) {
  for (const Door& door : Doors(SYS_socket, kSocket, kCallSocket)) {
    SCOPED_TRACE(door.name);
    const auto made = Run<socket_record>(EVENT_SOCKET, [&] {
      LowMemory memory;
      for (int i = 0; i < 5; ++i)
        REQUIRE_OK(door.call(memory, {AF_INET, SOCK_STREAM, IPPROTO_UDP}) == -EPROTONOSUPPORT);
      REQUIRE_OK(::setresuid(65534, 65534, 65534) == 0);
      for (int i = 0; i < 2; ++i)
        REQUIRE_OK(door.call(memory, {AF_PACKET, SOCK_DGRAM, kEthPAll}) == -EPERM);
    });
    ASSERT_EQ(made.size(), 7u);
    for (std::size_t i = 0; i < 7; ++i) {
      EXPECT_EQ(made[i]->result, i < 5 ? -EPROTONOSUPPORT : -EPERM);
      EXPECT_EQ(made[i]->fd, -1);
      EXPECT_EQ(made[i]->domain, i < 5 ? 2u : 17u);
      EXPECT_EQ(made[i]->protocol, i < 5 ? 17u : kEthPAll);
      EXPECT_EQ(made[i]->ends.family, i < 5 ? AF_INET : AF_PACKET);
      EXPECT_EQ(made[i]->ends.ino, 0u);
    }
  }
}

TEST_F(SocketTest, SocketpairHasBothEnds) {
  for (const Door& door : Doors(SYS_socketpair, kSocketpair, kCallSocketpair)) {
    SCOPED_TRACE(door.name);
    noted_->count = 0;
    const auto made = Run<socket_record>(EVENT_SOCKET, [&] {
      LowMemory memory;
      for (int i = 0; i < 7; ++i) {
        const std::uint64_t pair = Low(memory, std::uint64_t{0});
        const long result =
            door.call(memory, {AF_UNIX, static_cast<std::uint64_t>(SOCK_STREAM), 0, pair});
        REQUIRE_OK(result == 0);
        const int* fds = reinterpret_cast<const int*>(pair);
        noted_->Add(fds[1], fds[0]);
      }
      REQUIRE_OK(door.call(memory, {AF_INET, SOCK_STREAM, 0, Low(memory, std::uint64_t{0})}) ==
                 -EOPNOTSUPP);
    });
    ASSERT_EQ(made.size(), 8u);
    for (std::size_t i = 0; i < 7; ++i) {
      ExpectHeader(made[i], "socketpair", LANE_BULK);
      EXPECT_EQ(made[i]->result, 0);
      EXPECT_EQ(made[i]->fd, noted_->fd[i]);
      EXPECT_EQ(made[i]->peer_fd, noted_->result[i]);
      EXPECT_EQ(made[i]->ends.family, AF_UNIX);
      EXPECT_EQ(made[i]->ends.ino, noted_->ino[i]);
    }
    EXPECT_EQ(made[7]->result, -EOPNOTSUPP);
    EXPECT_EQ(made[7]->fd, -1);
    EXPECT_EQ(made[7]->peer_fd, -1);
    EXPECT_EQ(made[7]->domain, static_cast<std::uint32_t>(AF_INET));
  }
}

}  // namespace
}  // namespace nezuban::bpf_test
