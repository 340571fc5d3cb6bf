// SPDX-License-Identifier: Apache-2.0
// Messages on sockets without a connection: to whom, from whom, once for each new peer.
#include "bpf/socket_fixture.h"

namespace nezuban::bpf_test {
namespace {

using Message = Found<message_record>;

std::uint64_t Arg(long n) { return static_cast<std::uint64_t>(n); }

// A datagram socket of the loopback with a port.
int Bound(const char* text) {
  const Address any = Make(text, 0);
  const int fd = Socket(any.any.sa_family, SOCK_DGRAM);
  REQUIRE_OK(::bind(fd, &any.any, SizeOf(any)) == 0);
  return fd;
}

// struct msghdr as the door's table has it, for one byte and an address. Gives where it lies.
std::uint64_t Header(LowMemory& memory, bool compat, std::uint64_t name, std::uint64_t name_len) {
  const std::uint64_t data = memory.Put("x");
  if (compat) {
    const std::uint32_t iov[] = {static_cast<std::uint32_t>(data), 1};
    const std::uint32_t header[8] = {static_cast<std::uint32_t>(name),
                                     static_cast<std::uint32_t>(name_len),
                                     memory.Put(iov, sizeof iov), 1};
    return memory.Put(header, sizeof header);
  }
  const std::uint64_t iov[] = {data, 1};
  const std::uint64_t header[8] = {name, name_len, memory.Put(iov, sizeof iov), 1};
  return memory.Put(header, sizeof header);
}

// One of the three ways to send, or to receive, a byte.
struct Call {
  const char* name;
  long native;
  int i386;
  int socketcall;
};
constexpr Call kSends[] = {{"sendto", SYS_sendto, 369, 11},
                           {"sendmsg", SYS_sendmsg, 370, 16},
                           {"sendmmsg", SYS_sendmmsg, 345, 20}};
constexpr Call kReceives[] = {{"recvfrom", SYS_recvfrom, 371, 12},
                              {"recvmsg", SYS_recvmsg, 372, 17},
                              {"recvmmsg", SYS_recvmmsg, 337, 19}};

long Do(const Call& call, const Door& door, LowMemory& memory, int fd, std::uint64_t name,
        std::uint64_t name_len) {
  const bool compat = std::string_view(door.name) != "native";
  const bool receives = call.name[0] == 'r';
  if (std::string_view(call.name) == "sendto")
    return door.call(memory, {Arg(fd), memory.Put("x"), 1, 0, name, name_len});
  if (std::string_view(call.name) == "recvfrom") {
    const auto size = static_cast<std::uint32_t>(name_len);
    return door.call(memory, {Arg(fd), memory.Put("x"), 1, 0, name,
                              name != 0 ? memory.Put(&size, sizeof size) : 0});
  }
  const std::uint64_t header = Header(memory, compat, name, name_len);
  if (std::string_view(call.name).size() == 7) return door.call(memory, {Arg(fd), header, 0});
  if (receives) return door.call(memory, {Arg(fd), header, 1, 0, 0});
  return door.call(memory, {Arg(fd), header, 1, 0});
}

class MessageTest : public SocketTest {
 protected:
  void ExpectEnds(const Message& message, const char* name, const char* remote, std::uint16_t port,
                  std::uint16_t local_port) {
    ExpectHeader(message, name, LANE_BULK);
    EXPECT_EQ(message.header().flags, RECORD_FROM_USER_MEMORY);
    EXPECT_EQ(message->result, 1);
    EXPECT_EQ(message->ends.family, AF_INET);
    EXPECT_EQ(message->ends.type, SOCK_DGRAM);
    EXPECT_EQ(message->ends.protocol, IPPROTO_UDP);
    EXPECT_EQ(Text(message->ends.remote_addr, AF_INET), remote);
    EXPECT_EQ(message->ends.remote_port, port);
    EXPECT_EQ(message->ends.local_port, local_port);
  }
};

// To A twice, to B, to A: three records, by every call and door; each is a connect, too.
TEST_F(MessageTest, SendsAreToldByPeer) {
  for (const Call& call : kSends) {
    for (const Door& door : Doors(call.native, call.i386, call.socketcall)) {
      SCOPED_TRACE(std::string(call.name) + " " + door.name);
      noted_->count = 0;
      const auto sent = Run<message_record>(EVENT_SEND, [&] {
        LowMemory memory;
        const int a = Bound("127.0.0.1");
        const int b = Bound("127.0.0.1");
        const int fd = Socket(AF_INET, SOCK_DGRAM);
        for (const int to : {a, a, b, a}) {
          const std::uint64_t name = Low(memory, Make("127.0.0.1", LocalPort(to)));
          REQUIRE_OK(Do(call, door, memory, fd, name, sizeof(sockaddr_in)) == 1);
        }
        for (const int port_of : {a, b, a, fd}) noted_->Add(0, port_of);
      });
      const auto connects = recorded_->Of<connect_record>();
      ASSERT_EQ(sent.size(), 3u);
      ASSERT_EQ(connects.size(), 3u);
      for (std::size_t i = 0; i < 3; ++i) {
        ExpectEnds(sent[i], call.name, "127.0.0.1", noted_->port[i], noted_->port[3]);
        EXPECT_EQ(sent[i]->fd, noted_->fd[3]);
        EXPECT_EQ(sent[i]->ends.ino, noted_->ino[3]);
        EXPECT_EQ(sent[i]->name_changed, 1u);
        EXPECT_EQ(sent[i]->size, std::string_view(call.name) == "sendmmsg" ? 0xffffffffU : 1u);
        EXPECT_EQ(connects[i]->fd, noted_->fd[3]);
        EXPECT_EQ(connects[i]->result, 0);
        EXPECT_EQ(connects[i]->ends.protocol, IPPROTO_UDP);
        EXPECT_EQ(connects[i]->ends.remote_port, noted_->port[i]);
      }
    }
  }
}

TEST_F(MessageTest, ReceiptsAreToldByPeer) {
  for (const Call& call : kReceives) {
    for (const Door& door : Doors(call.native, call.i386, call.socketcall)) {
      SCOPED_TRACE(std::string(call.name) + " " + door.name);
      noted_->count = 0;
      const auto received = Run<message_record>(EVENT_RECV, [&] {
        LowMemory memory;
        const int fd = Bound("127.0.0.1");
        const int a = Bound("127.0.0.1");
        const int b = Bound("127.0.0.1");
        const Address to = Make("127.0.0.1", LocalPort(fd));
        for (const int from : {a, a, b, a, b}) {
          REQUIRE_OK(::sendto(from, "x", 1, 0, &to.any, sizeof to.v4) == 1);
          const bool asks = noted_->count++ < 4;  // the last one does not care
          const std::uint64_t name = asks ? Low(memory, Address{}) : 0;
          REQUIRE_OK(Do(call, door, memory, fd, name, asks ? sizeof(sockaddr_in) : 0) == 1);
        }
        noted_->count = 0;
        for (const int port_of : {a, b, a, fd}) noted_->Add(0, port_of);
      });
      ASSERT_EQ(received.size(), 3u);
      for (std::size_t i = 0; i < 3; ++i) {
        ExpectEnds(received[i], call.name, "127.0.0.1", noted_->port[i], noted_->port[3]);
        EXPECT_EQ(received[i]->fd, noted_->fd[3]);
        EXPECT_EQ(received[i]->name_changed, 1u);
      }
    }
  }
}

// Who answers the one who wrote last has not got a new peer.
TEST_F(MessageTest, AnswersAreNoNewPeers) {
  const auto all = Run<message_record>(EVENT_SEND, [&] {
    const int server = Bound("127.0.0.1");
    const int client = Bound("127.0.0.1");
    Address to = Make("127.0.0.1", LocalPort(server));
    for (int i = 0; i < 5; ++i) {
      char byte = 0;
      Address from{};
      socklen_t size = sizeof from;
      REQUIRE_OK(::sendto(client, "x", 1, 0, &to.any, sizeof to.v4) == 1);
      REQUIRE_OK(::recvfrom(server, &byte, 1, 0, &from.any, &size) == 1);
      REQUIRE_OK(::sendto(server, "y", 1, 0, &from.any, size) == 1);
      REQUIRE_OK(::recvfrom(client, &byte, 1, 0, &from.any, &size) == 1);
    }
  });
  EXPECT_EQ(all.size(), 1u);  // the client's first
  EXPECT_EQ(recorded_->Of<message_record>().size(), 2u);
}

// Connections have said it all before; and what fails is told each time.
TEST_F(MessageTest, WhatSaysNothingNewAndWhatFails) {
  Listener listener;
  const auto sent = Run<message_record>(EVENT_SEND, [&] {
    const Address to = Make("127.0.0.1", listener.port());
    const int tcp = Socket(AF_INET, SOCK_STREAM);
    REQUIRE_OK(::connect(tcp, &to.any, sizeof to.v4) == 0);
    const int udp = Socket(AF_INET, SOCK_DGRAM);
    const int peer = Bound("127.0.0.1");
    const Address peer_address = Make("127.0.0.1", LocalPort(peer));
    REQUIRE_OK(::connect(udp, &peer_address.any, sizeof to.v4) == 0);
    for (int i = 0; i < 3; ++i) {
      REQUIRE_OK(::send(tcp, "x", 1, 0) == 1);
      REQUIRE_OK(::sendto(tcp, "x", 1, 0, &to.any, sizeof to.v4) == 1);  // the address is ignored
      REQUIRE_OK(::send(udp, "x", 1, 0) == 1);
    }
    const Address broadcast = Make("127.255.255.255", 9);
    const int plain = Socket(AF_INET, SOCK_DGRAM);
    for (int i = 0; i < 2; ++i)
      REQUIRE_OK(::sendto(plain, "x", 1, 0, &broadcast.any, sizeof to.v4) < 0 && errno == EACCES);
  });
  ASSERT_EQ(sent.size(), 2u);
  for (const Message& message : sent) {
    EXPECT_EQ(message->result, -EACCES);
    EXPECT_EQ(message->name_changed, 0u);
    EXPECT_EQ(Text(message->ends.remote_addr, AF_INET), "127.255.255.255");
  }
}

// The second of the messages of one call goes elsewhere.
TEST_F(MessageTest, EachOfSeveralMessagesCounts) {
  const auto sent = Run<message_record>(EVENT_SEND, [&] {
    Address to[5];
    mmsghdr messages[5] = {};
    char byte = 'x';
    iovec data{&byte, 1};
    for (int i = 0; i < 5; ++i) {
      to[i] = Make("127.0.0.1", static_cast<std::uint16_t>(7000 + i));
      messages[i].msg_hdr.msg_name = &to[i];
      messages[i].msg_hdr.msg_namelen = sizeof(sockaddr_in);
      messages[i].msg_hdr.msg_iov = &data;
      messages[i].msg_hdr.msg_iovlen = 1;
    }
    REQUIRE_OK(::sendmmsg(Socket(AF_INET, SOCK_DGRAM), messages, 5, 0) == 5);
  });
  ASSERT_EQ(sent.size(), 5u);
  for (std::size_t i = 0; i < 5; ++i) EXPECT_EQ(sent[i]->ends.remote_port, 7000 + i);
}

// Who asks for connections only is told of datagrams to new peers, too.
TEST_F(MessageTest, AreConnectionsWhereNothingElseIsWanted) {
  harness_.source().SetEnabled(probe::EventSet().set(EVENT_CONNECT));
  const auto connects = Run<connect_record>(EVENT_CONNECT, [&] {
    const Address to = Make("127.0.0.1", 9);
    const int fd = Socket(AF_INET, SOCK_DGRAM);
    for (int i = 0; i < 3; ++i) REQUIRE_OK(::sendto(fd, "x", 1, 0, &to.any, sizeof to.v4) == 1);
  });
  ASSERT_EQ(connects.size(), 1u);
  EXPECT_EQ(connects[0]->ends.remote_port, 9);
}

// A raw socket says where its packets go, too.
TEST_F(MessageTest, RawSockets) {
  const auto sent = Run<message_record>(EVENT_SEND, [&] {
    const Address to = Make("127.0.0.1", 0);
    const char echo[8] = {8, 0, 0, 0, 0, 0, 0, 0};
    const int fd = ::socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
    REQUIRE_OK(fd >= 0);
    REQUIRE_OK(::sendto(fd, echo, sizeof echo, 0, &to.any, sizeof to.v4) == sizeof echo);
  });
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(sent[0]->ends.type, SOCK_RAW);
  EXPECT_EQ(sent[0]->ends.protocol, IPPROTO_ICMP);
  EXPECT_EQ(Text(sent[0]->ends.remote_addr, AF_INET), "127.0.0.1");
}

}  // namespace
}  // namespace nezuban::bpf_test
