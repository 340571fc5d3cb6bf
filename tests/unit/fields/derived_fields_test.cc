// SPDX-License-Identifier: Apache-2.0
// Fields that are worked out of others: groups and their leaders, counts, distances in time.
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <string>

#include "unit/fields/field_reader.h"

namespace nezuban::fields {
namespace {

using testlib::Actor;
using testlib::Argv;

struct Case {
  std::string_view field;
  std::string value;
};

constexpr std::uint32_t kInner = 4'026'532'000;

// A shell (30) that leads session and group, and its child (40), in a pid namespace of their own.
class Derived : public ::testing::Test {
 protected:
  testlib::Record Exec(std::uint32_t tgid, std::uint32_t vpid, const std::string& comm,
                       std::uint32_t ppid, std::initializer_list<std::string_view> argv) {
    const auto start = std::uint64_t{tgid} * 1000;
    auto exec = testlib::Exec({.tgid = tgid, .start_ns = start, .comm = comm}, "/bin/" + comm,
                              Argv(argv), "/");
    exec->hdr.time_ns = 100'000;
    exec->hdr.pid_ns = kInner;
    exec->ppid = ppid;
    exec->parent_start_ns = std::uint64_t{ppid} * 1000;
    exec->vpid = vpid;
    exec->sid = 30;
    exec->pgid = 30;
    return exec.Build();
  }

  Reader reader_;
};

TEST_F(Derived, GroupsAndTheirLeaders) {
  reader_.wall_offset_ns = 5;
  EXPECT_EQ(reader_.Text(Exec(30, 1, "sh", 0, {"-sh"}), "proc.is_vpgid_leader"), "true");
  const auto child = Exec(40, 7, "cat", 30, {"cat", "-n", "a b", "xyz"});
  const Case kCases[] = {
      {"proc.sname", "sh"},
      {"proc.sid.exe", "-sh"},
      {"proc.sid.exepath", "/bin/sh"},
      {"proc.pgid.name", "sh"},
      {"proc.vpgid.exepath", "/bin/sh"},
      {"proc.vpgid", "1"},
      {"proc.is_vpgid_leader", "false"},
      {"proc.is_sid_leader", "false"},
      {"proc.pvpid", "1"},
      {"proc.ppid.ts", "30005"},
      {"proc.ppid.duration", "70000"},
      {"proc.cmdnargs", "3"},
      {"proc.cmdlenargs", "8"},
      {"thread.vtid", "7"},
  };
  for (const Case& c : kCases) EXPECT_EQ(reader_.Text(child, c.field), c.value) << c.field;
}

TEST_F(Derived, ALeaderThatIsNotThereLeavesTheNumberOpen) {
  const auto orphan = Exec(40, 7, "cat", 0, {"cat"});
  EXPECT_EQ(reader_.Text(orphan, "proc.vpgid"), "unknown");
  EXPECT_EQ(reader_.Text(orphan, "proc.cmdnargs"), "0");
  EXPECT_EQ(reader_.Text(orphan, "proc.cmdlenargs"), "0");
}

TEST_F(Derived, TimesAndCounts) {
  reader_.wall_offset_ns = 1'566'230'400'000'000'000;
  const auto exec = Exec(40, 7, "cat", 0, {"cat"});
  EXPECT_EQ(reader_.Text(exec, "evt.around[1566230400000000000]"), "1");
  EXPECT_EQ(reader_.Text(exec, "evt.around[1566230410000000000]"), "10000");
  EXPECT_EQ(reader_.Text(exec, "syscall.type"), "execve");
  EXPECT_EQ(reader_.Text(exec, "evt.count.error"), "absent");
  EXPECT_EQ(reader_.Text(exec, "proc.fdopencount"), "absent");
  EXPECT_EQ(reader_.Text(exec, "container.label[app]"), "absent");
  testlib::Draft<exit_record> exit(Actor{.tgid = 40});
  EXPECT_EQ(reader_.Text(exit.Build(), "syscall.type"), "absent");
}

TEST_F(Derived, PortsAsTextAndFailuresByKind) {
  testlib::Draft<connect_record> connect(Actor{.tgid = 40, .tid = 41});
  connect->ends.family = AF_INET;
  connect->ends.type = SOCK_STREAM;
  connect->ends.protocol = IPPROTO_TCP;
  connect->ends.local_addr[0] = 10;
  connect->ends.local_port = 40'000;
  connect->ends.remote_addr[0] = 8;
  connect->ends.remote_port = 443;
  connect->fd = 7;
  connect->result = -ECONNREFUSED;
  const auto record = connect.Build();
  const Case kCases[] = {
      {"fd.lproto", "40000"},
      {"fd.rproto", "443"},
      {"fd.cproto", "40000"},
      {"fd.sproto", "443"},
      {"fd.proto", "[40000 443]"},
      {"fd.containername", "host:10.0.0.0:40000->8.0.0.0:443"},
      {"evt.count.error", "1"},
      {"evt.count.error.net", "1"},
      {"evt.count.error.file", "absent"},
      {"evt.count.error.other", "absent"},
      {"fd.uid", "417"},
  };
  for (const Case& c : kCases) EXPECT_EQ(reader_.Text(record, c.field), c.value) << c.field;
}

}  // namespace
}  // namespace nezuban::fields
