// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/socket.h>

#include <cerrno>
#include <string>

#include "fields/event_facts.h"
#include "unit/fields/field_reader.h"

namespace nezuban::fields {
namespace {

using testlib::Actor;
using testlib::Draft;

struct Case {
  std::string_view field;
  std::string value;
};

TEST(FdFields, OfAConnect) {
  Reader reader;
  Draft<connect_record> connect(Actor{.tgid = 20, .comm = "curl"});
  connect->fd = 7;
  connect->result = -EINPROGRESS;
  connect->ends = {.local_addr = {10, 1, 2, 3},
                   .remote_addr = {8, 8, 8, 8},
                   .local_port = 40000,
                   .remote_port = 443,
                   .family = AF_INET,
                   .type = SOCK_STREAM,
                   .protocol = 6,
                   .state = 2,
                   .ino = 99};
  const auto record = connect.Build();
  const Case kCases[] = {
      {"evt.type", "connect"},
      {"evt.rawres", "-115"},
      {"evt.res", "EINPROGRESS"},
      {"evt.failed", "true"},
      {"fd.num", "7"},
      {"fd.name", "10.1.2.3:40000->8.8.8.8:443"},
      {"fd.type", "ipv4"},
      {"fd.typechar", "4"},
      {"fd.sockfamily", "ip"},
      {"fd.l4proto", "tcp"},
      {"fd.connected", "false"},
      {"fd.rip", "8.8.8.8"},
      {"fd.sip", "8.8.8.8"},
      {"fd.cip", "10.1.2.3"},
      {"fd.rport", "443"},
      {"fd.cport", "40000"},
      {"fd.ip", "[10.1.2.3 8.8.8.8]"},
      {"fd.port", "[40000 443]"},
      {"fd.is_server", "false"},
      {"fd.ino", "99"},
      {"evt.arg.fd", "7"},
      {"evt.arg[0]", "EINPROGRESS"},
      {"evt.arg.addr", "8.8.8.8:443"},
      {"evt.arg[99]", "absent"},
      {"evt.arg.flags", "absent"},
      {"evt.args", "res=EINPROGRESS tuple=10.1.2.3:40000->8.8.8.8:443 fd=7 addr=8.8.8.8:443"},
      {"evt.hostname", "node-1"},
      {"evt.time.iso8601", "1970-01-01T00:00:00.000002000+0000"},
      {"evt.rawtime", "2000"},
      {"evt.dir", "<"},
      {"mount.fstype", "absent"},
  };
  for (const Case& c : kCases) EXPECT_EQ(reader.Text(record, c.field), c.value) << c.field;
}

TEST(FdFields, ShowMappedAddressesAsIpv4) {
  Reader reader;
  Draft<connect_record> connect(Actor{.tgid = 20});
  connect->ends = {.local_addr = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 1},
                   .remote_addr = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 2},
                   .local_port = 1,
                   .remote_port = 10250,
                   .family = AF_INET6};
  EXPECT_EQ(reader.Text(connect.Build(), "fd.type"), "ipv4");
  EXPECT_EQ(reader.Text(connect.Build(), "fd.rip"), "10.0.0.2");
  connect->ends.remote_addr[0] = 0x20;
  connect->ends.remote_addr[1] = 0x01;
  EXPECT_EQ(reader.Text(connect.Build(), "fd.type"), "ipv6");
  EXPECT_EQ(reader.Text(connect.Build(), "fd.rip"), "2001::ffff:a00:2");
}

TEST(FdFields, OfUnixSocketsAndOthers) {
  Reader reader;
  Draft<connect_record> connect(Actor{.tgid = 20});
  connect->fd = -1;
  connect->ends.family = AF_UNIX;
  connect.Text(connect->path, "/run/docker.sock");
  const auto record = connect.Build();
  EXPECT_EQ(reader.Text(record, "fd.name"), "/run/docker.sock");
  EXPECT_EQ(reader.Text(record, "fd.sockfamily"), "unix");
  EXPECT_EQ(reader.Text(record, "fd.num"), "unknown");
  EXPECT_EQ(reader.Text(record, "fd.rip"), "absent");
  EXPECT_EQ(reader.Text(record, "fd.ip"), "absent");
  EXPECT_EQ(reader.Text(record, "fd.l4proto"), "<NA>");
  connect->ends.family = 16;
  EXPECT_EQ(reader.Text(connect.Build(), "fd.type"), "<NA>");
  EXPECT_EQ(reader.Text(connect.Build(), "fd.typechar"), "o");
}

TEST(FdFields, OfADup) {
  Reader reader;
  Draft<dup_record> dup(Actor{.tgid = 20, .comm = "bash"}, 1);
  dup->old_fd = 3;
  dup->new_fd = 0;
  dup->ends = {.remote_addr = {127, 0, 0, 1}, .remote_port = 4444, .family = AF_INET, .state = 1};
  const auto record = dup.Build();
  EXPECT_EQ(reader.Text(record, "evt.type"), "dup2");
  EXPECT_EQ(reader.Text(record, "evt.rawres"), "0");
  EXPECT_EQ(reader.Text(record, "evt.arg.oldfd"), "3");
  EXPECT_EQ(reader.Text(record, "evt.arg.fd"), "absent");
  EXPECT_EQ(reader.Text(record, "fd.rport"), "4444");
  EXPECT_EQ(reader.Text(record, "fd.lip"), "absent");
  EXPECT_EQ(reader.Text(record, "fd.sip"), "unknown");
  EXPECT_EQ(reader.Text(record, "fd.connected"), "true");
}

TEST(EvtFields, AreUnknownBeforeTheAct) {
  Reader reader;
  const auto record =
      Draft<connect_record>(Actor{.tgid = 20, .flags = RECORD_RESULT_UNKNOWN}).Build();
  for (const char* field : {"evt.res", "evt.rawres", "evt.failed", "fd.connected"}) {
    EXPECT_EQ(reader.Text(record, field), "unknown") << field;
  }
}

TEST(MountFields, OfWhatTheKernelMounted) {
  Reader reader;
  Draft<mount_record> mount(Actor{.tgid = 20, .comm = "mount"});
  mount.Text(mount->source, "/dev/vda1").Text(mount->fstype, "ext4").Text(mount->target, "/mnt");
  mount->flags = MS_RDONLY | MS_NOEXEC;
  mount->source_dev = 253u << 20 | 1;
  mount->block_device = 1;
  mount->resolved = 1;
  const auto record = mount.Build();
  const Case kCases[] = {
      {"evt.type", "mount"},         {"evt.res", "SUCCESS"},
      {"mount.source", "/dev/vda1"}, {"mount.fstype", "ext4"},
      {"mount.target", "/mnt"},      {"mount.flags", "MS_RDONLY|MS_NOEXEC"},
      {"mount.is_bind", "false"},    {"mount.is_block_device", "true"},
      {"mount.source_dev", "253:1"}, {"mount.is_host_proc", "false"},
      {"evt.arg.dev", "/dev/vda1"},  {"evt.arg.dir", "/mnt"},
      {"evt.arg.type", "ext4"},      {"evt.arg.flags", "MS_RDONLY|MS_NOEXEC"},
      {"fd.name", "absent"},
  };
  for (const Case& c : kCases) EXPECT_EQ(reader.Text(record, c.field), c.value) << c.field;
}

TEST(MountFields, DoNotKnowTheBlockDeviceOfAFailure) {
  Reader reader;
  Draft<mount_record> mount(Actor{.tgid = 20});
  mount.Text(mount->source, "/dev/vda1").Text(mount->fstype, "ext4");
  mount->result = -EPERM;
  EXPECT_EQ(reader.Text(mount.Build(), "mount.is_block_device"), "unknown");
  EXPECT_EQ(reader.Text(mount.Build(), "mount.source_dev"), "unknown");
  EXPECT_EQ(reader.Text(mount.Build(), "mount.is_host_proc"), "false");
}

TEST(MountFields, KnowWhoseProcItIs) {
  Reader reader;
  const auto proc = [&](std::uint32_t shows, std::uint32_t own, std::uint8_t resolved) {
    Draft<mount_record> mount(Actor{.tgid = 20});
    mount.Text(mount->fstype, "proc");
    mount->fs_pid_ns = shows;
    mount->resolved = resolved;
    mount->hdr.pid_ns = own;
    return reader.Text(mount.Build(), "mount.is_host_proc");
  };
  EXPECT_EQ(proc(kHostPidNs, 5, 1), "true");
  EXPECT_EQ(proc(5, kHostPidNs, 1), "false");
  // Not mounted: it would have shown the caller's.
  EXPECT_EQ(proc(0, kHostPidNs, 0), "true");
  EXPECT_EQ(proc(0, 5, 0), "false");
  Draft<mount_record> unreadable(Actor{.tgid = 20});
  unreadable.Text(unreadable->fstype, "", STR_TOTAL_UNKNOWN);
  EXPECT_EQ(reader.Text(unreadable.Build(), "mount.is_host_proc"), "unknown");
  EXPECT_EQ(reader.Text(unreadable.Build(), "mount.fstype"), "unknown");
}

// What a field's row says about events, and what the events' own rows say.
TEST(EventFacts, TheListsOfEventsAgreeWithTheRows) {
  for (const EventFacts& facts : EventFactsTable()) {
    const std::uint64_t bit = std::uint64_t{1} << facts.event;
    EXPECT_EQ((kEventsWithResult & bit) != 0, facts.result != nullptr) << facts.event;
    const bool has_fd = facts.fd != nullptr || facts.socket != nullptr || facts.file != nullptr;
    EXPECT_EQ((kEventsWithFd & bit) != 0, has_fd) << facts.event;
    EXPECT_EQ((kEventsWithSocket & bit) != 0, facts.socket != nullptr) << facts.event;
    EXPECT_EQ((kEventsWithFile & bit) != 0, facts.file_name != nullptr) << facts.event;
    EXPECT_FALSE(facts.category.empty()) << facts.event;
  }
}

}  // namespace
}  // namespace nezuban::fields
