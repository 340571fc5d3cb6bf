// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <cerrno>
#include <string>

#include "unit/fields/field_reader.h"

namespace nezuban::fields {
namespace {

using testlib::Actor;
using testlib::Draft;

struct Case {
  std::string_view field;
  std::string value;
};

TEST(SocketEvents, OfASocket) {
  Reader reader;
  Draft<socket_record> socket(Actor{.tgid = 20});
  socket->domain = AF_PACKET;
  socket->type = SOCK_RAW | SOCK_CLOEXEC;
  socket->protocol = 0x300;
  socket->fd = 5;
  socket->result = 5;
  socket->ends = {.family = AF_PACKET, .type = SOCK_RAW, .ino = 7};
  const Case kCases[] = {
      {"evt.type", "socket"},
      {"evt.rawres", "5"},
      {"fd.num", "5"},
      {"fd.typechar", "o"},
      {"fd.name", ""},
      {"fd.sip", "absent"},
      {"fd.connected", "false"},
      {"fd.name_changed", "true"},
      {"evt.arg.domain", "AF_PACKET"},
      {"evt.args", "fd=5 domain=AF_PACKET type=3 proto=768 flags=SOCK_CLOEXEC"},
  };
  const auto record = socket.Build();
  for (const Case& c : kCases) EXPECT_EQ(reader.Text(record, c.field), c.value) << c.field;
  socket->result = -EPERM;
  EXPECT_EQ(reader.Text(socket.Build(), "fd.num"), "-1");
  EXPECT_EQ(reader.Text(socket.Build(), "fd.name_changed"), "false");
  socket->domain = 99;
  EXPECT_EQ(reader.Text(socket.Build(), "evt.arg.domain"), "99");
}

TEST(SocketEvents, OfASocketpair) {
  Reader reader;
  Draft<socket_record> pair(Actor{.tgid = 20}, 1);
  pair->domain = AF_UNIX;
  pair->type = SOCK_STREAM;
  pair->fd = 3;
  pair->peer_fd = 4;
  pair->ends = {.family = AF_UNIX, .type = SOCK_STREAM};
  EXPECT_EQ(reader.Text(pair.Build(), "evt.type"), "socketpair");
  EXPECT_EQ(reader.Text(pair.Build(), "fd.num"), "3");
  EXPECT_EQ(reader.Text(pair.Build(), "evt.args"),
            "res=SUCCESS fd1=3 fd2=4 domain=AF_LOCAL|AF_UNIX type=1 proto=0");
}

TEST(SocketEvents, OfBindAndListen) {
  Reader reader;
  Draft<bind_record> bind(Actor{.tgid = 20}, EVENT_BIND, 0);
  bind->fd = 3;
  bind->backlog = 128;
  bind->ends = {.local_port = 4444, .family = AF_INET, .type = SOCK_STREAM, .protocol = 6};
  const Case kCases[] = {
      {"fd.num", "3"},          {"fd.name", "0.0.0.0:4444"}, {"fd.sip", "0.0.0.0"},
      {"fd.sport", "4444"},     {"fd.cip", "absent"},        {"fd.cport", "absent"},
      {"fd.is_server", "true"}, {"fd.connected", "false"},
  };
  for (const Case& c : kCases) EXPECT_EQ(reader.Text(bind.Build(), c.field), c.value) << c.field;
  EXPECT_EQ(reader.Text(bind.Build(), "evt.args"), "res=SUCCESS addr=0.0.0.0:4444 fd=3");
  EXPECT_EQ(reader.Text(bind.Build(), "fd.name_changed"), "true");

  const auto record = Draft<bind_record>(Actor{.tgid = 20}, EVENT_LISTEN, 0).Build();
  EXPECT_EQ(reader.Text(record, "evt.type"), "listen");
  EXPECT_EQ(reader.Text(record, "evt.args"), "res=SUCCESS fd=0 backlog=0");
  EXPECT_EQ(reader.Text(record, "fd.name_changed"), "false");

  bind->ends = {.family = AF_UNIX, .type = SOCK_STREAM};
  bind.Text(bind->path, "@name");
  EXPECT_EQ(reader.Text(bind.Build(), "fd.name"), "@name");
  EXPECT_EQ(reader.Text(bind.Build(), "evt.arg.addr"), "@name");
}

TEST(SocketEvents, OfAnAccept) {
  Reader reader;
  Draft<accept_record> accept(Actor{.tgid = 20}, 1);
  accept->fd = 9;
  accept->result = 9;
  accept->flags = SOCK_CLOEXEC;
  accept->queue_len = 3;
  accept->queue_max = 12;
  accept->ends = {.local_addr = {10, 0, 0, 1},
                  .remote_addr = {10, 0, 0, 2},
                  .local_port = 80,
                  .remote_port = 50000,
                  .family = AF_INET,
                  .type = SOCK_STREAM,
                  .protocol = 6,
                  .state = 1};
  const Case kCases[] = {
      {"evt.type", "accept4"},
      {"fd.num", "9"},
      {"fd.name", "10.0.0.2:50000->10.0.0.1:80"},
      {"fd.cip", "10.0.0.2"},
      {"fd.sip", "10.0.0.1"},
      {"fd.cport", "50000"},
      {"fd.sport", "80"},
      {"fd.lport", "80"},
      {"fd.rip", "10.0.0.2"},
      {"fd.is_server", "true"},
      {"fd.connected", "true"},
      {"fd.name_changed", "true"},
      {"evt.args",
       "fd=9 tuple=10.0.0.2:50000->10.0.0.1:80 queuepct=25 queuelen=3 queuemax=12 flags=524288"},
  };
  const auto record = accept.Build();
  for (const Case& c : kCases) EXPECT_EQ(reader.Text(record, c.field), c.value) << c.field;
  accept->queue_max = 0;
  EXPECT_EQ(reader.Text(accept.Build(), "evt.arg.queuepct"), "0");
}

TEST(SocketEvents, NamesOfRawSocketsHaveNoPorts) {
  Reader reader;
  Draft<connect_record> connect(Actor{.tgid = 20});
  connect->ends = {.local_addr = {10, 0, 0, 1},
                   .remote_addr = {10, 0, 0, 2},
                   .family = AF_INET,
                   .type = SOCK_RAW,
                   .protocol = 1};
  EXPECT_EQ(reader.Text(connect.Build(), "fd.name"), "10.0.0.1->10.0.0.2");
  EXPECT_EQ(reader.Text(connect.Build(), "evt.arg.addr"), "10.0.0.2");
}

TEST(SocketEvents, OfMessages) {
  Reader reader;
  Draft<message_record> message(Actor{.tgid = 20}, EVENT_SEND, 1);
  message->fd = 4;
  message->result = 30;
  message->size = 40;
  message->name_changed = 1;
  message->ends = {.remote_addr = {8, 8, 8, 8},
                   .local_port = 5353,
                   .remote_port = 53,
                   .family = AF_INET,
                   .type = SOCK_DGRAM,
                   .protocol = 17,
                   .state = 7};
  const Case kCases[] = {
      {"evt.type", "sendmsg"},
      {"evt.rawres", "30"},
      {"fd.name", "0.0.0.0:5353->8.8.8.8:53"},
      {"fd.l4proto", "udp"},
      {"fd.connected", "false"},
      {"fd.name_changed", "true"},
      {"fd.sip", "8.8.8.8"},
      {"fd.sport", "53"},
      {"fd.is_server", "false"},
      {"evt.args", "res=SUCCESS fd=4 size=40 tuple=0.0.0.0:5353->8.8.8.8:53"},
  };
  for (const Case& c : kCases) EXPECT_EQ(reader.Text(message.Build(), c.field), c.value) << c.field;
  message->name_changed = 0;
  message->size = 0xffffffffU;
  EXPECT_EQ(reader.Text(message.Build(), "fd.name_changed"), "false");
  EXPECT_EQ(reader.Text(message.Build(), "evt.arg.size"), "unknown");

  Draft<message_record> received(Actor{.tgid = 20}, EVENT_RECV, 0);
  received->ends = message->ends;
  EXPECT_EQ(reader.Text(received.Build(), "evt.type"), "recvfrom");
  EXPECT_EQ(reader.Text(received.Build(), "fd.cip"), "8.8.8.8");
  EXPECT_EQ(reader.Text(received.Build(), "fd.lport"), "5353");
  EXPECT_EQ(reader.Text(received.Build(), "fd.is_server"), "true");
}

TEST(SocketEvents, OfReceivedDescriptors) {
  Reader reader;
  Draft<recvfd_record> socket(Actor{.tgid = 20});
  socket->fd = -1;
  socket->ends = {.remote_addr = {10, 0, 0, 9}, .remote_port = 4444, .family = AF_INET, .state = 1};
  EXPECT_EQ(reader.Text(socket.Build(), "evt.type"), "recvfd");
  EXPECT_EQ(reader.Text(socket.Build(), "fd.num"), "unknown");
  EXPECT_EQ(reader.Text(socket.Build(), "fd.rip"), "10.0.0.9");
  EXPECT_EQ(reader.Text(socket.Build(), "fd.sip"), "unknown");
  EXPECT_EQ(reader.Text(socket.Build(), "fd.typechar"), "4");

  Draft<recvfd_record> file(Actor{.tgid = 20});
  file->fd = 7;
  file->file = {.ino = 5, .mode = 0100600};
  file.Text(file->path, "/etc/shadow");
  EXPECT_EQ(reader.Text(file.Build(), "fd.num"), "7");
  EXPECT_EQ(reader.Text(file.Build(), "evt.args"), "fd=7");
  EXPECT_EQ(reader.Text(file.Build(), "fd.rip"), "absent");
}

}  // namespace
}  // namespace nezuban::fields
