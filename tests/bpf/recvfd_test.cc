// SPDX-License-Identifier: Apache-2.0
// Descriptors that come over a unix socket: what they stand for.
#include <fcntl.h>

#include "bpf/socket_fixture.h"

namespace nezuban::bpf_test {
namespace {

using Received = Found<recvfd_record>;

// In the child: sends `fds` over a pair; gives the other end. With credentials in front, if wanted.
int SendFds(const std::vector<int>& fds, bool credentials = false) {
  int ends[2];
  REQUIRE_OK(::socketpair(AF_UNIX, SOCK_DGRAM, 0, ends) == 0);
  const int on = 1;
  if (credentials) REQUIRE_OK(::setsockopt(ends[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof on) == 0);
  char byte = 'x';
  iovec data{&byte, 1};
  alignas(cmsghdr) char control[256] = {};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = CMSG_SPACE(fds.size() * sizeof(int));
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(fds.size() * sizeof(int));
  std::memcpy(CMSG_DATA(header), fds.data(), fds.size() * sizeof(int));
  REQUIRE_OK(::sendmsg(ends[0], &message, 0) == 1);
  return ends[1];
}

// Receives by the door's recvmsg. 32-bit callers have a control message of their own form.
void Receive(const Door& door, int from) {
  const bool compat = std::string_view(door.name) != "native";
  LowMemory memory;
  const char room[256] = {};
  const std::uint64_t control = memory.Put(room, sizeof room);
  const std::uint64_t data = memory.Put("x");
  std::uint64_t header = 0;
  if (compat) {
    const std::uint32_t iov[] = {static_cast<std::uint32_t>(data), 1};
    const std::uint32_t words[8] = {
        0, 0, memory.Put(iov, sizeof iov), 1, static_cast<std::uint32_t>(control), sizeof room};
    header = memory.Put(words, sizeof words);
  } else {
    const std::uint64_t iov[] = {data, 1};
    const std::uint64_t words[8] = {0, 0, memory.Put(iov, sizeof iov), 1, control, sizeof room};
    header = memory.Put(words, sizeof words);
  }
  REQUIRE_OK(door.call(memory, {static_cast<std::uint64_t>(from), header, 0}) == 1);
}

class RecvfdTest : public SocketTest {
 protected:
  bool object() { return KindOf(harness_.source(), EVENT_RECVFD) == probe::SensorKind::kObject; }

  std::vector<Received> ReceivedOf(const std::function<void()>& act) {
    return Run<recvfd_record>(EVENT_RECVFD, act);
  }
  void Expect(const Received& received) {
    ExpectHeader(received, "recvfd", LANE_VITAL);
    EXPECT_EQ(received.header().flags, object() ? 0u : RECORD_FROM_USER_MEMORY);
    EXPECT_EQ(received->fd < 0, object());
  }
};

TEST_F(RecvfdTest, FilesAndSockets) {
  TempDir dir;
  Listener listener;
  for (const Door& door : Doors(SYS_recvmsg, 372, 17)) {
    for (const bool credentials : {false, true}) {
      SCOPED_TRACE(std::string(door.name) + (credentials ? " with credentials" : ""));
      noted_->count = 0;
      const auto received = ReceivedOf([&] {
        const int file = ::open((dir.path() + "/secret").c_str(), O_RDWR | O_CREAT, 0600);
        const Address to = Make("127.0.0.1", listener.port());
        const int tcp = Socket(AF_INET, SOCK_STREAM);
        REQUIRE_OK(::connect(tcp, &to.any, sizeof to.v4) == 0);
        noted_->Add(0, file);
        noted_->Add(0, tcp);
        for (int i = 0; i < 3; ++i) Receive(door, SendFds({file, tcp}, credentials));
      });
      ASSERT_EQ(received.size(), 6u);
      for (std::size_t i = 0; i < 6; i += 2) {
        const Received& file = received[i];
        Expect(file);
        EXPECT_EQ(file.Text(file->path), dir.path() + "/secret");
        EXPECT_EQ(file->file.ino, noted_->ino[0]);
        EXPECT_EQ(file->ends.family, 0);
        const Received& tcp = received[i + 1];
        Expect(tcp);
        EXPECT_EQ(tcp->ends.ino, noted_->ino[1]);
        EXPECT_EQ(tcp->ends.remote_port, listener.port());
        EXPECT_EQ(tcp->ends.local_port, noted_->port[1]);
        EXPECT_EQ(tcp->ends.state, kEstablished);
      }
    }
  }
}

TEST_F(RecvfdTest, SeveralMessagesAtOnce) {
  const auto received = ReceivedOf([&] {
    const int null = ::open("/dev/null", O_RDWR);
    int ends[2];
    REQUIRE_OK(::socketpair(AF_UNIX, SOCK_DGRAM, 0, ends) == 0);
    const int from = SendFds({null});
    alignas(cmsghdr) char control[256] = {};
    char byte = 0;
    iovec data{&byte, 1};
    mmsghdr message{};
    message.msg_hdr = {nullptr, 0, &data, 1, control, sizeof control, 0};
    REQUIRE_OK(::recvmmsg(from, &message, 1, 0, nullptr) == 1);
  });
  ASSERT_EQ(received.size(), 1u);
  EXPECT_EQ(received[0].Text(received[0]->path), "/dev/null");
}

// Messages without descriptors bring none, and pidfd_getfd is another event.
TEST_F(RecvfdTest, NothingElse) {
  const auto received = ReceivedOf([&] {
    int ends[2];
    REQUIRE_OK(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    const int on = 1;
    REQUIRE_OK(::setsockopt(ends[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof on) == 0);
    REQUIRE_OK(::send(ends[0], "x", 1, 0) == 1);
    Receive(Doors(SYS_recvmsg, -1, -1)[0], ends[1]);
    const int self = static_cast<int>(::syscall(SYS_pidfd_open, ::getpid(), 0));
    REQUIRE_OK(self >= 0 && ::syscall(SYS_pidfd_getfd, self, ends[0], 0) >= 0);
  });
  EXPECT_EQ(received.size(), 0u);
}

}  // namespace
}  // namespace nezuban::bpf_test
