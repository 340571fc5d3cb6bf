// SPDX-License-Identifier: Apache-2.0
// Sockets are bound and listen.
#include <filesystem>

#include "bpf/socket_fixture.h"

namespace nezuban::bpf_test {
namespace {

using Bound = Found<bind_record>;

constexpr int kBind = 361, kListen = 363;      // i386
constexpr int kCallBind = 2, kCallListen = 4;  // socketcall

std::uint64_t Arg(long n) { return static_cast<std::uint64_t>(n); }

TEST_F(SocketTest, BindTellsTheLocalEnd) {
  for (const Door& door : Doors(SYS_bind, kBind, kCallBind)) {
    SCOPED_TRACE(door.name);
    noted_->count = 0;
    const auto bound = Run<bind_record>(EVENT_BIND, [&] {
      LowMemory memory;
      for (int i = 0; i < 5; ++i) {
        const int fd = Socket(AF_INET, i % 2 == 0 ? SOCK_STREAM : SOCK_DGRAM);
        const long result =
            door.call(memory, {Arg(fd), Low(memory, Make("127.0.0.2", 0)), sizeof(sockaddr_in)});
        REQUIRE_OK(result == 0);
        noted_->Add(result, fd);
      }
      for (int i = 0; i < 2; ++i) {
        const int fd = Socket(AF_INET6, SOCK_DGRAM);
        REQUIRE_OK(
            door.call(memory, {Arg(fd), Low(memory, Make("::1", 0)), sizeof(sockaddr_in6)}) == 0);
        noted_->Add(0, fd);
      }
    });
    ASSERT_EQ(bound.size(), 7u);
    for (std::size_t i = 0; i < 7; ++i) {
      ExpectHeader(bound[i], "bind", LANE_BULK);
      const int family = i < 5 ? AF_INET : AF_INET6;
      EXPECT_EQ(bound[i].header().flags, 0u);
      EXPECT_EQ(bound[i]->fd, noted_->fd[i]);
      EXPECT_EQ(bound[i]->result, 0);
      EXPECT_EQ(bound[i]->ends.family, family);
      EXPECT_EQ(bound[i]->ends.ino, noted_->ino[i]);
      EXPECT_EQ(Text(bound[i]->ends.local_addr, family), i < 5 ? "127.0.0.2" : "::1");
      EXPECT_EQ(bound[i]->ends.local_port, noted_->port[i]);
      EXPECT_NE(bound[i]->ends.local_port, 0u);
      EXPECT_EQ(bound[i]->ends.remote_port, 0u);
      EXPECT_EQ(bound[i]->path.len, 0u);
    }
  }
}

TEST_F(SocketTest, BindThatFailedTellsWhatWasAskedFor) {
  for (const Door& door : Doors(SYS_bind, kBind, kCallBind)) {
    SCOPED_TRACE(door.name);
    const auto bound = Run<bind_record>(EVENT_BIND, [&] {
      LowMemory memory;
      for (int i = 0; i < 3; ++i) {
        REQUIRE_OK(door.call(memory, {Arg(Socket(AF_INET, SOCK_STREAM)),
                                      Low(memory, Make("192.0.2.7", 4444)), sizeof(sockaddr_in)}) ==
                   -EADDRNOTAVAIL);
      }
      REQUIRE_OK(door.call(memory, {0x7fff, Low(memory, Make("192.0.2.7", 1)), 16}) == -EBADF);
    });
    ASSERT_EQ(bound.size(), 3u);
    for (const Bound& one : bound) {
      EXPECT_EQ(one->result, -EADDRNOTAVAIL);
      EXPECT_EQ(one.header().flags, RECORD_FROM_USER_MEMORY);
      EXPECT_EQ(Text(one->ends.local_addr, AF_INET), "192.0.2.7");
      EXPECT_EQ(one->ends.local_port, 4444);
    }
  }
}

sockaddr_un UnixAddress(const std::string& name) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, name.data(), name.size());
  return address;
}

TEST_F(SocketTest, BindOfUnixSocketsTellsTheName) {
  TempDir dir;
  const std::string names[] = {dir.path() + "/full", "relative", std::string("\0abstract", 9)};
  const std::string want[] = {names[0], dir.path() + "/relative", "@abstract"};
  const auto bound = Run<bind_record>(EVENT_BIND, [&] {
    REQUIRE_OK(::chdir(dir.path().c_str()) == 0);
    for (const std::string& name : names) {
      const sockaddr_un address = UnixAddress(name);
      const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
      REQUIRE_OK(::bind(Socket(AF_UNIX, SOCK_STREAM), reinterpret_cast<const sockaddr*>(&address),
                        size) == 0);
    }
    // Taken: what was asked for, as it was asked for.
    const sockaddr_un address = UnixAddress("relative");
    REQUIRE_OK(::bind(Socket(AF_UNIX, SOCK_STREAM), reinterpret_cast<const sockaddr*>(&address),
                      sizeof address) < 0);
  });
  ASSERT_EQ(bound.size(), 4u);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(bound[i].Text(bound[i]->path), want[i]);
    EXPECT_EQ(bound[i]->ends.family, AF_UNIX);
    EXPECT_EQ(bound[i].header().flags, 0u);
  }
  EXPECT_EQ(bound[3]->result, -EADDRINUSE);
  EXPECT_EQ(bound[3].Text(bound[3]->path), "relative");
}

TEST_F(SocketTest, ListenTellsWhere) {
  for (const Door& door : Doors(SYS_listen, kListen, kCallListen)) {
    SCOPED_TRACE(door.name);
    noted_->count = 0;
    const auto listening = Run<bind_record>(EVENT_LISTEN, [&] {
      LowMemory memory;
      for (int i = 0; i < 5; ++i) {
        const int fd = Socket(AF_INET, SOCK_STREAM);  // not bound: the kernel chooses a port
        REQUIRE_OK(door.call(memory, {Arg(fd), Arg(10 + i)}) == 0);
        noted_->Add(0, fd);
      }
      const int fd = Socket(AF_INET, SOCK_DGRAM);
      REQUIRE_OK(door.call(memory, {Arg(fd), 3}) == -EOPNOTSUPP);
      noted_->Add(-EOPNOTSUPP, fd);
      REQUIRE_OK(door.call(memory, {0x7fff, 3}) == -EBADF);
    });
    ASSERT_EQ(listening.size(), 6u);
    for (std::size_t i = 0; i < 6; ++i) {
      const Bound& one = listening[i];
      ExpectHeader(one, "listen", LANE_VITAL);
      EXPECT_EQ(one.header().flags, door.from_memory ? RECORD_FROM_USER_MEMORY : 0u);
      EXPECT_EQ(one->result, noted_->result[i]);
      EXPECT_EQ(one->fd, noted_->fd[i]);
      EXPECT_EQ(one->backlog, i < 5 ? static_cast<int>(10 + i) : 3);
      EXPECT_EQ(one->ends.ino, noted_->ino[i]);
      EXPECT_EQ(one->ends.state, i < 5 ? 10 : 7);
      EXPECT_EQ(Text(one->ends.local_addr, AF_INET), "0.0.0.0");
      EXPECT_EQ(one->ends.local_port, noted_->port[i]);
      EXPECT_EQ(one->ends.local_port != 0, i < 5);
    }
  }
}

}  // namespace
}  // namespace nezuban::bpf_test
