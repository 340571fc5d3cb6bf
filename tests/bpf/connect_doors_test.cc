// SPDX-License-Identifier: Apache-2.0
// The other doors to a connection: 32-bit calls, io_uring, fast open. And the filter at them all.
#include <linux/vm_sockets.h>

#include "bpf/connect_fixture.h"
#include "bpf/uring.h"

namespace nezuban::bpf_test {
namespace {

#if defined(__x86_64__)
TEST_F(ConnectTest, CallsOf32Bits) {
  constexpr int kConnect = 362;
  constexpr int kSocketcall = 102;
  constexpr std::uint32_t kSubConnect = 3;
  const std::uint16_t port = ClosedPort();
  const auto connects = Run([&] {
    LowMemory memory;
    const Address to = Make("127.0.0.1", port);
    const std::uint32_t address = memory.Put(&to, sizeof to.v4);
    for (int i = 0; i < 10; ++i) {
      const int fd = Socket(AF_INET, i % 4 < 2 ? SOCK_STREAM : SOCK_DGRAM);
      const std::uint32_t words[] = {static_cast<std::uint32_t>(fd), address, sizeof to.v4};
      const std::uint32_t args = memory.Put(words, sizeof words);
      const int result = i % 2 == 0 ? Int80(kConnect, words[0], words[1], words[2])
                                    : Int80(kSocketcall, kSubConnect, args);
      acts_->Note(fd, -result);
    }
    // Other calls of socketcall are none of ours: socket(AF_INET, SOCK_DGRAM, 0).
    const std::uint32_t other[] = {AF_INET, SOCK_DGRAM, 0};
    REQUIRE_OK(Int80(kSocketcall, 1, memory.Put(other, sizeof other)) >= 0);
  });
  ASSERT_EQ(connects.size(), 10u);
  for (int i = 0; i < 10; ++i) {
    const int type = i % 4 < 2 ? SOCK_STREAM : SOCK_DGRAM;
    EXPECT_EQ(acts_->error[i], type == SOCK_STREAM ? ECONNREFUSED : 0);
    ExpectCommon(connects[static_cast<std::size_t>(i)], i);
    ExpectInet(connects[static_cast<std::size_t>(i)], i, AF_INET, type, "127.0.0.1", port);
  }
}
#endif

// To the machine itself, where nobody need be: the end is what was asked for. Where the kernel has
// no such sockets, there is nothing to connect.
TEST_F(ConnectTest, Vsock) {
  Shared<bool> had;
  const auto connects = Run([&] {
    LowMemory memory;
    sockaddr_vm to{};
    to.svm_family = AF_VSOCK;
    to.svm_cid = 1;  // VMADDR_CID_LOCAL
    to.svm_port = 77;
    const std::uint32_t low = memory.Put(&to, sizeof to);
    for (int i = 0; i < 4; ++i) {
      const int fd = ::socket(AF_VSOCK, SOCK_STREAM | SOCK_NONBLOCK, 0);
      if (fd < 0) return;
      *had = true;
      if (i % 2 == 0) acts_->Do(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to);
#if defined(__x86_64__)
      if (i % 2 == 1) acts_->Note(fd, -Int80(362, static_cast<std::uint32_t>(fd), low, sizeof to));
#endif
    }
  });
  ASSERT_EQ(connects.size(), static_cast<std::size_t>(acts_->count));
  for (int i = 0; i < acts_->count; ++i) {
    const Connect& connect = connects[static_cast<std::size_t>(i)];
    ExpectCommon(connect, i, true);
    EXPECT_NE(acts_->error[i], 0);
    EXPECT_EQ(connect->ends.family, AF_VSOCK);
    EXPECT_EQ(connect->ends.type, SOCK_STREAM);
    const std::uint32_t peer[2] = {1, 77};
    EXPECT_EQ(std::memcmp(connect->ends.remote_addr, peer, sizeof peer), 0);
  }
  EXPECT_EQ(acts_->count > 0, *had);
}

// One connect request through io_uring; its result.
int UringConnect(int fd, const Address& address) {
  return Uring().Do([&](io_uring_sqe& request) {
    request.opcode = IORING_OP_CONNECT;
    request.fd = fd;
    request.addr = reinterpret_cast<std::uintptr_t>(&address);
    request.off = SizeOf(address);
  });
}

TEST_F(ConnectTest, IoUringIsNoWayAround) {
  Listener listener;
  const Address to = Make("127.0.0.1", listener.port());
  const auto connects = Run([&] {
    for (int i = 0; i < 3; ++i) REQUIRE_OK(UringConnect(Socket(AF_INET, SOCK_STREAM), to) == 0);
  });
  int ended = 0;
  for (const Connect& connect : connects) {
    EXPECT_EQ(connect->fd, -1);
    EXPECT_EQ(Text(connect->ends.remote_addr, AF_INET), "127.0.0.1");
    EXPECT_EQ(connect->ends.remote_port, listener.port());
    EXPECT_EQ(connect.header().flags, object() ? 0u : RECORD_RESULT_UNKNOWN);
    if (connect->result == 0) ++ended;
  }
  EXPECT_EQ(ended, 3);
  // The object sensor also sees the attempts before the last one, which would have had to wait.
  if (!object()) {
    EXPECT_EQ(connects.size(), 3u);
  }
}

TEST_F(ConnectTest, FastOpenIsNoWayAround) {
  Listener listener;
  const Address to = Make("127.0.0.1", listener.port());
  const auto connects = Run([&] {
    for (int i = 0; i < 3; ++i)
      REQUIRE_OK(
          ::sendto(Socket(AF_INET, SOCK_STREAM), "x", 1, MSG_FASTOPEN, &to.any, sizeof to.v4) == 1);
  });
  ASSERT_EQ(connects.size(), 3u);
  for (const Connect& connect : connects) {
    EXPECT_EQ(connect->fd, -1);
    EXPECT_EQ(connect.header().flags, RECORD_RESULT_UNKNOWN);
    EXPECT_EQ(connect.header().sensor, object() ? SENSOR_OBJECT : SENSOR_TRACEPOINT);
    EXPECT_EQ(Text(connect->ends.remote_addr, AF_INET), "127.0.0.1");
    EXPECT_EQ(connect->ends.remote_port, listener.port());
    EXPECT_EQ(connect->ends.state, kSynSent);
  }
}

TEST_F(ConnectTest, UnwantedIsFiltered) {
  probe::EventSet wanted;
  wanted.set();
  wanted.reset(EVENT_CONNECT);
  harness_.source().SetEnabled(wanted);
  const auto before = harness_.source().Counters()[EVENT_CONNECT];
  const std::uint16_t port = ClosedPort();
  const auto connects = Run([&] {
    for (int i = 0; i < 11; ++i) acts_->Do(Socket(AF_INET, SOCK_DGRAM), Make("127.0.0.1", port));
  });
  EXPECT_EQ(connects.size(), 0u);
  const auto after = harness_.source().Counters()[EVENT_CONNECT];
  EXPECT_EQ(after.submitted, before.submitted);
  EXPECT_EQ(after.submitted, before.submitted);
}

}  // namespace
}  // namespace nezuban::bpf_test
