// SPDX-License-Identifier: Apache-2.0
// What a ring does to sockets is its owner's doing, whichever thread does it.
#include "bpf/socket_fixture.h"
#include "bpf/uring.h"

namespace nezuban::bpf_test {
namespace {

class UringSocketTest : public SocketTest {};

// From 5.12 on; before, the ring's thread is one of the kernel's own, and nobody's.
TEST_F(UringSocketTest, ConnectByTheRingsThread) {
  Listener listener;
  const Address to = Make("127.0.0.1", listener.port());
  const auto connects = Run<connect_record>(EVENT_CONNECT, [&] {
    if (!KernelIsAtLeast(5, 12)) return;
    Uring ring(IORING_SETUP_SQPOLL);
    for (int i = 0; i < 3; ++i) {
      const int fd = Socket(AF_INET, SOCK_STREAM);
      REQUIRE_OK(ring.Do([&](io_uring_sqe& request) {
        request.opcode = IORING_OP_CONNECT;
        request.fd = fd;
        request.addr = reinterpret_cast<std::uintptr_t>(&to);
        request.off = sizeof to.v4;
      }) == 0);
    }
  });
  if (!KernelIsAtLeast(5, 12)) return;
  int ended = 0;
  for (const Connect& connect : connects) {
    EXPECT_EQ(connect.header().tgid, static_cast<std::uint32_t>(recorded_->child()));
    EXPECT_EQ(Text(connect->ends.remote_addr, AF_INET), "127.0.0.1");
    EXPECT_EQ(connect->ends.remote_port, listener.port());
    if (connect->result == 0) ++ended;
  }
  EXPECT_EQ(ended, 3);
}

TEST_F(UringSocketTest, SendsTellTheirAddress) {
  const bool seen = KernelIsAtLeast(6, 10);
  for (const unsigned flags : {0u, unsigned{IORING_SETUP_SQPOLL}}) {
    if (flags != 0 && !seen) continue;
    const auto sent = Run<message_record>(EVENT_SEND, [&] {
      Uring ring(flags);
      Address to = Make("127.0.0.1", 7001);
      char byte = 'x';
      iovec data{&byte, 1};
      msghdr message{};
      message.msg_name = &to;
      message.msg_namelen = sizeof to.v4;
      message.msg_iov = &data;
      message.msg_iovlen = 1;
      const int fd = Socket(AF_INET, SOCK_DGRAM);
      noted_->count = 0;
      noted_->Add(0, fd);
      for (int i = 0; i < 3; ++i) {
        to = Make("127.0.0.1", static_cast<std::uint16_t>(7001 + i));
        REQUIRE_OK(ring.Do([&](io_uring_sqe& request) {
          request.opcode = IORING_OP_SENDMSG;
          request.fd = fd;
          request.addr = reinterpret_cast<std::uintptr_t>(&message);
        }) == 1);
      }
    });
    ASSERT_EQ(sent.size(), seen ? 3u : 0u);
    ASSERT_EQ(recorded_->Of<connect_record>().size(), sent.size());
    for (std::size_t i = 0; i < sent.size(); ++i) {
      EXPECT_EQ(sent[i].event().name(), "sendmsg");
      EXPECT_EQ(sent[i].header().flags, RECORD_RESULT_UNKNOWN | RECORD_IO_URING);
      EXPECT_EQ(sent[i].header().tgid, static_cast<std::uint32_t>(recorded_->child()));
      EXPECT_EQ(sent[i]->fd, noted_->fd[0]);
      EXPECT_EQ(sent[i]->ends.ino, noted_->ino[0]);
      EXPECT_EQ(Text(sent[i]->ends.remote_addr, AF_INET), "127.0.0.1");
      EXPECT_EQ(sent[i]->ends.remote_port, 7001 + i);
    }
  }
}

// From 6.4 on, where the tracepoint has the request.
TEST_F(UringSocketTest, AcceptsTellWhere) {
  const auto accepted = Run<accept_record>(EVENT_ACCEPT, [&] {
    Uring ring;
    const int server = Socket(AF_INET, SOCK_STREAM);
    REQUIRE_OK(::listen(server, 5) == 0);
    noted_->Add(0, server);
    const Address to = Make("127.0.0.1", LocalPort(server));
    for (int i = 0; i < 3; ++i) {
      REQUIRE_OK(::connect(Socket(AF_INET, SOCK_STREAM), &to.any, sizeof to.v4) == 0);
      REQUIRE_OK(ring.Do([&](io_uring_sqe& request) {
        request.opcode = IORING_OP_ACCEPT;
        request.fd = server;
      }) >= 0);
    }
  });
  ASSERT_EQ(accepted.size(), KernelIsAtLeast(6, 4) ? 3u : 0u);
  for (const auto& one : accepted) {
    EXPECT_EQ(one.header().flags, RECORD_RESULT_UNKNOWN | RECORD_IO_URING);
    EXPECT_EQ(one.header().tgid, static_cast<std::uint32_t>(recorded_->child()));
    EXPECT_EQ(one->fd, -1);
    EXPECT_EQ(one->listen_fd, noted_->fd[0]);
    EXPECT_EQ(one->ends.ino, noted_->ino[0]);
    EXPECT_EQ(one->ends.local_port, noted_->port[0]);
  }
}

}  // namespace
}  // namespace nezuban::bpf_test
