// SPDX-License-Identifier: Apache-2.0
// Programs that run for two events, which may have got sensors of different kinds: each event is
// told once. Where only one kind works, both have that.
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdio>
#include <string>
#include <utility>

#include "bpf/harness.h"

namespace nezuban::bpf_test {
namespace {

// A descriptor, from a sender whose name is asked for.
void ReceiveWithName() {
  int ends[2];
  REQUIRE_OK(::socketpair(AF_UNIX, SOCK_DGRAM, 0, ends) == 0);
  const sockaddr any{AF_UNIX, {}};
  REQUIRE_OK(::bind(ends[0], &any, sizeof any.sa_family) == 0);
  char byte = 'x';
  iovec data{&byte, 1};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  sockaddr_un name{};
  msghdr message{nullptr, 0, &data, 1, control, sizeof control, 0};
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  *header = {CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS};
  *reinterpret_cast<int*>(CMSG_DATA(header)) = ::open("/dev/null", O_RDWR);
  REQUIRE_OK(::sendmsg(ends[0], &message, 0) == 1);
  message.msg_name = &name;
  message.msg_namelen = sizeof name;
  REQUIRE_OK(::recvmsg(ends[1], &message, 0) == 1);
  REQUIRE_OK(message.msg_controllen > 0 && message.msg_namelen > sizeof name.sun_family);
}

// Of records, after both acts.
struct Counts {
  std::size_t recv;
  std::size_t recvfd;
  std::size_t setuid;
  std::size_t credentials;
};

void ExpectCounts(Harness& harness, const Counts& expected) {
  std::string kinds;
  for (const auto event : {EVENT_RECV, EVENT_RECVFD, EVENT_SETUID, EVENT_CREDENTIALS})
    kinds += std::string(probe::ToString(harness.source().sensors()[event].kind)) + " ";
  SCOPED_TRACE(kinds);
  std::printf("recv, recvfd, setuid, credentials: %s\n", kinds.c_str());
  const Recorded recorded = harness.Run([] {
    ReceiveWithName();
    REQUIRE_OK(::syscall(SYS_setresuid, -1, 65534, -1) == 0);
  });
  EXPECT_EQ(recorded.Of<message_record>().size(), expected.recv);
  EXPECT_EQ(recorded.Of<recvfd_record>().size(), expected.recvfd);
  EXPECT_EQ(recorded.Of<call_record>().size(), expected.setuid);
  EXPECT_EQ(recorded.Of<credentials_record>().size(), expected.credentials);
}

TEST(Mixture, OneRecordOfEachEvent) {
  for (const auto& by_tracepoint :
       {std::pair{EVENT_RECV, EVENT_SETUID}, std::pair{EVENT_RECVFD, EVENT_CREDENTIALS}}) {
    probe::ProbeOptions options =
        Harness::FewEvents({EVENT_RECV, EVENT_RECVFD, EVENT_SETUID, EVENT_CREDENTIALS});
    options.sensors = probe::SensorChoice::kAuto;
    options.sensors_of = {{by_tracepoint.first, probe::SensorChoice::kTracepoint},
                          {by_tracepoint.second, probe::SensorChoice::kTracepoint}};
    Harness harness(options);
    ExpectCounts(harness, {1, 1, 1, 1});
  }
}

// What nobody asked for gets no sensor, and no other event's makes it.
TEST(Mixture, NoRecordOfWhatWasNotAskedFor) {
  Harness harness(Harness::FewEvents({EVENT_RECV, EVENT_SETUID}));
  ExpectCounts(harness, {1, 0, 1, 0});
}

}  // namespace
}  // namespace nezuban::bpf_test
