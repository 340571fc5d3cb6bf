// SPDX-License-Identifier: Apache-2.0
// Connections are accepted: the peer, by every door.
#include "bpf/socket_fixture.h"

namespace nezuban::bpf_test {
namespace {

using Accepted = Found<accept_record>;

struct Call {
  const char* name;
  long native;
  int i386;
  int socketcall;
};
constexpr Call kCalls[] = {{"accept", SYS_accept, -1, 5}, {"accept4", SYS_accept4, 364, 18}};

struct Family {
  const char* listen;
  int family;
};
constexpr Family kFamilies[] = {{"127.0.0.1", AF_INET}, {"::1", AF_INET6}};

std::uint64_t Arg(long n) { return static_cast<std::uint64_t>(n); }

class AcceptTest : public SocketTest {
 protected:
  // Accepts five connections of its own, two of them with flags where the call has them.
  std::vector<Accepted> Accept(const Door& door, const char* address) {
    noted_->count = 0;
    return Run<accept_record>(EVENT_ACCEPT, [&] {
      LowMemory memory;
      const Address any = Make(address, 0);
      const int server = Socket(any.any.sa_family, SOCK_STREAM);
      REQUIRE_OK(::bind(server, &any.any, SizeOf(any)) == 0 && ::listen(server, 9) == 0);
      *listen_fd_ = server;
      *listen_port_ = LocalPort(server);
      const Address to = Make(address, LocalPort(server));
      for (int i = 0; i < 5; ++i) {
        const int client = Socket(any.any.sa_family, SOCK_STREAM);
        REQUIRE_OK(::connect(client, &to.any, SizeOf(to)) == 0);
      }
      for (int i = 0; i < 5; ++i) {
        const long fd = door.call(memory, {Arg(server), 0, 0, i < 2 ? Arg(SOCK_CLOEXEC) : 0});
        REQUIRE_OK(fd >= 0);
        // Whose turn it is: a handshake that was begun later may end sooner.
        noted_->Add(PeerPort(static_cast<int>(fd)), static_cast<int>(fd));
      }
    });
  }

  Shared<int> listen_fd_;
  Shared<std::uint16_t> listen_port_;
};

TEST_F(AcceptTest, TellsBothEnds) {
  for (const Call& call : kCalls) {
    for (const Door& door : Doors(call.native, call.i386, call.socketcall)) {
      for (const Family& family : kFamilies) {
        SCOPED_TRACE(std::string(call.name) + " " + door.name + " " + family.listen);
        const auto accepted = Accept(door, family.listen);
        ASSERT_EQ(accepted.size(), 5u);
        for (std::size_t i = 0; i < 5; ++i) {
          const Accepted& one = accepted[i];
          ExpectHeader(one, call.name, LANE_BULK);
          EXPECT_EQ(one->fd, noted_->fd[i]);
          EXPECT_EQ(one->result, noted_->fd[i]);
          EXPECT_EQ(one->listen_fd, *listen_fd_);
          EXPECT_EQ(one->flags, i < 2 && call.native == SYS_accept4 ? SOCK_CLOEXEC : 0);
          EXPECT_EQ(one->queue_max, 9u);
          EXPECT_EQ(one->queue_len, 4 - i);
          EXPECT_EQ(one->ends.family, family.family);
          EXPECT_EQ(one->ends.type, SOCK_STREAM);
          EXPECT_EQ(one->ends.ino, noted_->ino[i]);
          EXPECT_EQ(one->ends.state, kEstablished);
          EXPECT_EQ(Text(one->ends.local_addr, family.family), family.listen);
          EXPECT_EQ(Text(one->ends.remote_addr, family.family), family.listen);
          EXPECT_EQ(one->ends.local_port, *listen_port_);
          EXPECT_EQ(one->ends.remote_port, noted_->result[i]);
        }
      }
    }
  }
}

TEST_F(AcceptTest, OfUnixSocketsTellsTheName) {
  const auto accepted = Run<accept_record>(EVENT_ACCEPT, [&] {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, "\0nezuban-accept", 15);
    const auto* any = reinterpret_cast<const sockaddr*>(&address);
    constexpr socklen_t kSize = offsetof(sockaddr_un, sun_path) + 15;
    const int server = Socket(AF_UNIX, SOCK_STREAM);
    REQUIRE_OK(::bind(server, any, kSize) == 0 && ::listen(server, 5) == 0);
    for (int i = 0; i < 3; ++i) {
      REQUIRE_OK(::connect(Socket(AF_UNIX, SOCK_STREAM), any, kSize) == 0);
      noted_->Add(0, ::accept(server, nullptr, nullptr));
    }
  });
  ASSERT_EQ(accepted.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(accepted[i]->ends.family, AF_UNIX);
    EXPECT_EQ(accepted[i]->ends.ino, noted_->ino[i]);
    EXPECT_EQ(accepted[i].Text(accepted[i]->path), "@nezuban-accept");
  }
}

// Nobody there is no act; a socket that cannot accept is an attempt, and tells whose.
TEST_F(AcceptTest, Failures) {
  for (const Call& call : kCalls) {
    for (const Door& door : Doors(call.native, call.i386, call.socketcall)) {
      SCOPED_TRACE(std::string(call.name) + " " + door.name);
      noted_->count = 0;
      const auto accepted = Run<accept_record>(EVENT_ACCEPT, [&] {
        LowMemory memory;
        const int server = Socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK);
        REQUIRE_OK(::listen(server, 5) == 0);
        for (int i = 0; i < 3; ++i)
          REQUIRE_OK(door.call(memory, {Arg(server), 0, 0, 0}) == -EAGAIN);
        const int plain = Socket(AF_INET, SOCK_STREAM);
        for (int i = 0; i < 2; ++i) REQUIRE_OK(door.call(memory, {Arg(plain), 0, 0, 0}) == -EINVAL);
        noted_->Add(0, plain);
        REQUIRE_OK(door.call(memory, {0x7fff, 0, 0, 0}) == -EBADF);
      });
      ASSERT_EQ(accepted.size(), 2u);
      for (const Accepted& one : accepted) {
        EXPECT_EQ(one->result, -EINVAL);
        EXPECT_EQ(one->fd, -1);
        EXPECT_EQ(one->listen_fd, noted_->fd[0]);
        EXPECT_EQ(one->ends.ino, noted_->ino[0]);
      }
    }
  }
}

}  // namespace
}  // namespace nezuban::bpf_test
