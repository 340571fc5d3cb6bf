// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>

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

TEST(ProcFields, TellWhatTheExecTold) {
  Reader reader;
  reader.wall_offset_ns = 1'000'000;
  auto exec = testlib::Exec({.tgid = 20, .start_ns = 1500, .comm = "cat", .uid = 4242},
                            "/usr/bin/cat", Argv({"/bin/cat", "-n", "Some File", "x=1"}), "/home");
  exec->ppid = 10;
  exec->sid = 5;
  exec->pgid = 20;
  exec->vpid = 3;
  exec->tty = 34816;
  exec->exe_file = {.ino = 77, .nlink = 1, .mnt_ns = 9, .flags = FILE_UPPER_LAYER};
  exec->exe_ctime_ns = 1'000'500;
  exec->exe_mtime_ns = 900;
  exec->hdr.pid_ns = kHostPidNs;
  const auto record = exec.Build();
  const Case kCases[] = {
      {"proc.name", "cat"},
      {"proc.exe", "/bin/cat"},
      {"proc.exepath", "/usr/bin/cat"},
      {"proc.args", "-n Some File x=1"},
      {"proc.args[0]", "-n"},
      {"proc.args[1]", "Some File"},
      {"proc.args[7]", ""},
      {"proc.cmdline", "cat -n Some File x=1"},
      {"proc.exeline", "/bin/cat -n Some File x=1"},
      {"proc.cwd", "/home/"},
      {"proc.pid", "20"},
      {"proc.ppid", "10"},
      {"proc.vpid", "3"},
      {"proc.sid", "5"},
      {"proc.pgid", "20"},
      {"proc.is_sid_leader", "false"},
      {"proc.is_pgid_leader", "true"},
      {"proc.tty", "34816"},
      {"proc.duration", "500"},
      {"proc.pid.ts", "1001500"},
      {"proc.exe_ino", "77"},
      {"proc.exe_ino.ctime", "1000500"},
      {"proc.exe_ino.mtime", "900"},
      {"proc.exe_ino.ctime_duration_proc_start", "1000"},
      {"proc.is_exe_upper_layer", "true"},
      {"proc.is_exe_lower_layer", "false"},
      {"proc.is_exe_from_memfd", "false"},
      {"proc.is_exe_unlinked", "false"},
      {"proc.is_host_pidns", "true"},
      {"proc.exec_in_container", "false"},
      {"user.uid", "4242"},
      {"user.loginuid", "-1"},
      {"group.gid", "4242"},
      {"thread.tid", "20"},
      {"thread.nametid", "cat20"},
      {"thread.ismain", "true"},
  };
  for (const Case& c : kCases) EXPECT_EQ(reader.Text(record, c.field), c.value) << c.field;
}

TEST(HistoryFields, TellWhatTheProcessWasBefore) {
  Reader reader;
  const auto fork = testlib::Fork({.tgid = 10}, 20, testlib::Actor().start_ns).Build();
  reader.Text(fork, "proc.name");
  const auto shell =
      testlib::Exec({.tgid = 20, .comm = "sh"}, "/bin/sh", testlib::Argv({"sh", "-c", "exec nc"}))
          .Build();
  EXPECT_EQ(reader.Text(shell, "proc.was.name"), "absent");
  const auto loader = testlib::Exec({.tgid = 20, .comm = "ld"}, "/lib/ld").Build();
  reader.Text(loader, "proc.name");
  const auto nc = testlib::Exec({.tgid = 20, .comm = "nc"}, "/bin/nc").Build();
  const Case kCases[] = {
      {"proc.name", "nc"},
      {"proc.was.name[0]", "ld"},
      {"proc.was.cmdline[0]", "ld"},
      {"proc.was.name[1]", "sh"},
      {"proc.was.exepath[1]", "/bin/sh"},
      {"proc.was.cmdline[1]", "sh -c exec nc"},
      {"proc.was.name[2]", "absent"},
      {"proc.healed", "false"},
  };
  const event::Event event = nc.event();
  const state::EnrichedEvent enriched = reader.Enrich(event);
  for (const Case& c : kCases) EXPECT_EQ(reader.Text(enriched, c.field), c.value) << c.field;
  const auto met = testlib::Draft<connect_record>({.tgid = 30, .comm = "cat"}).Build();
  EXPECT_EQ(reader.Text(met, "proc.was.name"), "unknown");
}

TEST(ProcFields, AreNotKnownWithoutAnExec) {
  Reader reader;
  const auto record = testlib::Draft<connect_record>({.tgid = 20, .comm = "cat"}).Build();
  for (const char* field :
       {"proc.exepath", "proc.args", "proc.exe", "proc.cwd", "proc.tty", "proc.vpid",
        "proc.exec_in_container", "proc.is_exe_upper_layer", "proc.is_exe_from_memfd",
        "proc.is_exe_unlinked", "proc.stdin.type", "proc.stdin.rport"}) {
    EXPECT_EQ(reader.Text(record, field), "unknown") << field;
  }
  EXPECT_EQ(reader.Text(record, "proc.name"), "cat");
  EXPECT_EQ(reader.Text(record, "proc.cmdline"), "cat …");
}

TEST(ProcFields, KnowWhatWasCut) {
  const auto with_args = [](std::string_view bytes, std::uint32_t total) {
    auto exec = testlib::Exec({.tgid = 20, .comm = "sh"}, "/bin/sh");
    exec.Text(exec->args, bytes, total);
    Reader reader;
    return reader.Text(exec.Build(), "proc.exe") + "|" + reader.Text(exec.Build(), "proc.args") +
           "|" + reader.Text(exec.Build(), "proc.cmdline") + "|" +
           reader.Text(exec.Build(), "proc.args[0]");
  };
  using namespace std::string_view_literals;
  EXPECT_EQ(with_args("sh\0-c\0id\0"sv, 9), "sh|-c id|sh -c id|-c");
  EXPECT_EQ(with_args("sh\0-c\0i"sv, 90), "sh|-c i…|sh -c i…|-c");
  EXPECT_EQ(with_args("sh\0-c"sv, STR_TOTAL_UNKNOWN), "sh|-c…|sh -c…|-c…");
  EXPECT_EQ(with_args("sh\0"sv, 3), "sh||sh|");
  EXPECT_EQ(with_args("sh\0"sv, 30), "sh|unknown|sh …|unknown");
  EXPECT_EQ(with_args("s"sv, 30), "s…|unknown|sh …|unknown");
  EXPECT_EQ(with_args(""sv, STR_TOTAL_UNKNOWN), "unknown|unknown|sh …|unknown");
  EXPECT_EQ(with_args(""sv, 0), "||sh|");
}

TEST(EnvironmentFields, WholeAndByName) {
  const auto record = [](std::string_view env, std::uint32_t total) {
    auto exec = testlib::Exec({.tgid = 20, .comm = "sh"}, "/bin/sh", Argv({"sh"}));
    exec.Text(exec->env, env, total);
    return exec.Build();
  };
  using namespace std::string_view_literals;
  Reader reader;
  const auto whole = record("HOME=/root\0HOMER=x\0LD_PRELOAD=/a b\0LD_PRELOAD=2\0E=\0"sv, 51);
  EXPECT_EQ(reader.Text(whole, "proc.env"), "HOME=/root HOMER=x LD_PRELOAD=/a b LD_PRELOAD=2 E=");
  EXPECT_EQ(reader.Text(whole, "proc.env[HOME]"), "/root");
  EXPECT_EQ(reader.Text(whole, "proc.env[LD_PRELOAD]"), "unknown") << "getenv's or ld.so's";
  const auto twice = record("A=x y\0B=\0A=x y\0"sv, 15);
  EXPECT_EQ(reader.Text(twice, "proc.env[A]"), "x y");
  EXPECT_EQ(reader.Text(whole, "proc.env[E]"), "");
  EXPECT_EQ(reader.Text(whole, "proc.env[HOM]"), "");
  EXPECT_EQ(reader.Text(whole, "proc.env[NONE]"), "");

  const auto cut = record("HOME=/root\0PATH=/usr/b"sv, 9000);
  EXPECT_EQ(reader.Text(cut, "proc.env"), "HOME=/root PATH=/usr/b…");
  EXPECT_EQ(reader.Text(cut, "proc.env[HOME]"), "/root");
  EXPECT_EQ(reader.Text(cut, "proc.env[PATH]"), "/usr/b…");
  EXPECT_EQ(reader.Text(cut, "proc.env[LD_PRELOAD]"), "unknown") << "may be in what was cut off";
  EXPECT_EQ(reader.Text(record("", STR_TOTAL_UNKNOWN), "proc.env"), "unknown");
  EXPECT_EQ(reader.Text(record("", 0), "proc.env"), "");
}

TEST(AncestorFields, FollowTheParents) {
  Reader reader;
  const auto fork = [&](const Actor& parent, std::uint32_t child) {
    testlib::Draft<fork_record> record(parent);
    record->child_tgid = child;
    record->child_start_ns = child * 100;
    record->ppid = parent.tgid;
    record->parent_start_ns = parent.start_ns;
    const auto built = record.Build();
    reader.Text(built, "proc.name");
  };
  const Actor init{.tgid = 1, .start_ns = 100, .comm = "systemd"};
  const Actor sshd{.tgid = 5, .start_ns = 500, .comm = "sshd"};
  const Actor bash{.tgid = 10, .start_ns = 1000, .comm = "bash"};
  auto first = testlib::Exec(init, "/sbin/init", Argv({"init"}));
  first->ppid = 0;
  first.Text(first->env, Argv({"A=init", "B=init"}));
  reader.Text(first.Build(), "proc.name");
  fork(init, 5);
  auto second = testlib::Exec(sshd, "/usr/sbin/sshd", Argv({"sshd", "-D"}));
  second.Text(second->env, Argv({"B=sshd"}));
  reader.Text(second.Build(), "proc.name");
  fork(sshd, 10);
  auto exec = testlib::Exec(bash, "/usr/bin/bash", Argv({"-bash"}));
  exec->ppid = 5;
  exec->parent_start_ns = 500;
  exec->sid = 5;
  const auto record = exec.Build();
  EXPECT_EQ(reader.Text(record, "proc.pname"), "sshd");
  EXPECT_EQ(reader.Text(record, "proc.pcmdline"), "sshd -D");
  EXPECT_EQ(reader.Text(record, "proc.pexepath"), "/usr/sbin/sshd");
  EXPECT_EQ(reader.Text(record, "proc.aname[0]"), "bash");
  EXPECT_EQ(reader.Text(record, "proc.aname[1]"), "sshd");
  EXPECT_EQ(reader.Text(record, "proc.aexepath[2]"), "/sbin/init");
  EXPECT_EQ(reader.Text(record, "proc.aname[3]"), "absent");
  EXPECT_EQ(reader.Text(record, "proc.aname[9223372036854775807]"), "unknown");
  EXPECT_EQ(reader.Text(record, "proc.aname"), "[sshd systemd]");
  EXPECT_EQ(reader.Text(record, "proc.apid"), "[5 1]");
  EXPECT_EQ(reader.Text(record, "proc.loginshellid"), "10");
  EXPECT_EQ(reader.Text(record, "proc.env"), "") << "its own exec had none";
  EXPECT_EQ(reader.Text(record, "proc.aenv"), "[B=sshd A=init B=init]");
  EXPECT_EQ(reader.Text(record, "proc.aenv[1]"), "B=sshd");
  EXPECT_EQ(reader.Text(record, "proc.aenv[B]"), "sshd");
  EXPECT_EQ(reader.Text(record, "proc.aenv[A]"), "init");
  EXPECT_EQ(reader.Text(record, "proc.aenv[C]"), "");
}

// /proc tells a parent's pid only: by now a younger process may have it, even a child of ours.
TEST(AncestorFields, AreNeverYoungerThanTheirChildren) {
  Reader reader;
  auto younger = testlib::Exec({.tgid = 19, .start_ns = 9'000'000'000, .comm = "sshd"}, "/sshd");
  younger->ppid = 20;
  reader.Text(younger.Build(), "proc.name");
  auto exec = testlib::Exec({.tgid = 20, .start_ns = 1'000'000'000, .comm = "cat"}, "/bin/cat");
  exec->ppid = 19;
  const auto record = exec.Build();
  EXPECT_EQ(reader.Text(record, "proc.pname"), "unknown");
  EXPECT_EQ(reader.Text(record, "proc.aname"), "[unknown]");
}

TEST(AncestorFields, EndInUnknownWhereTheChainBreaks) {
  Reader reader;
  auto exec = testlib::Exec({.tgid = 20, .comm = "cat"}, "/bin/cat");
  exec->ppid = 19;
  exec->parent_start_ns = 77;
  const auto record = exec.Build();
  EXPECT_EQ(reader.Text(record, "proc.pname"), "unknown");
  EXPECT_EQ(reader.Text(record, "proc.aname[2]"), "unknown");
  EXPECT_EQ(reader.Text(record, "proc.aname"), "[unknown]");
}

TEST(StdioFields, TellWhatTheStreamsAre) {
  Reader reader;
  auto exec = testlib::Exec({.tgid = 20, .comm = "sh"}, "/bin/sh");
  exec->stdio[0].kind = STDIO_SOCKET;
  exec->stdio[0].ends = {.local_addr = {10, 0, 0, 1},
                         .remote_addr = {10, 0, 0, 2},
                         .local_port = 1234,
                         .remote_port = 4444,
                         .family = AF_INET,
                         .type = SOCK_STREAM,
                         .protocol = 6,
                         .state = 1};
  exec->stdio[1].kind = STDIO_FILE;
  exec->stdio[1].file.mode = S_IFCHR | 0620;
  exec.Text(exec->stdio_names[1], "/dev/pts/0");
  exec->stdio[2].kind = STDIO_SOCKET;
  exec->stdio[2].ends.family = AF_UNIX;
  const auto record = exec.Build();
  const Case kCases[] = {
      {"proc.stdin.type", "ipv4"},
      {"proc.stdin.sockfamily", "ip"},
      {"proc.stdin.rip", "10.0.0.2"},
      {"proc.stdin.rport", "4444"},
      {"proc.stdin.lip", "10.0.0.1"},
      {"proc.stdin.lport", "1234"},
      {"proc.stdin.name", "10.0.0.1:1234->10.0.0.2:4444"},
      {"proc.stdout.type", "file"},
      {"proc.stdout.name", "/dev/pts/0"},
      {"proc.stdout.rport", "absent"},
      {"proc.stdout.sockfamily", "absent"},
      {"proc.stderr.type", "unix"},
      {"proc.stderr.sockfamily", "unix"},
      {"proc.stderr.rip", "absent"},
  };
  for (const Case& c : kCases) EXPECT_EQ(reader.Text(record, c.field), c.value) << c.field;
}

TEST(ContainerFields, AreUnknownUntilTheContainerIs) {
  Reader reader;
  state::Container container;
  container.id = "3ad7b26ded6d";
  container.full_id = "3ad7b26ded6dffff";
  container.runtime = "containerd";
  const auto record = testlib::Exec({.tgid = 20}, "/bin/sh").Build();
  EXPECT_EQ(reader.Text(record, "container.id"), "host");
  EXPECT_EQ(reader.Text(record, "container.full_id"), "host");
  EXPECT_EQ(reader.Text(record, "container.origin"), "host");
  reader.origin = &container;
  EXPECT_EQ(reader.Text(record, "container.origin"), "3ad7b26ded6d");
  EXPECT_EQ(reader.Text(record, "container.origin.full_id"), "3ad7b26ded6dffff");
  reader.container = nullptr;
  EXPECT_EQ(reader.Text(record, "container.id"), "unknown");
  EXPECT_EQ(reader.Text(record, "container.type"), "unknown");
}

}  // namespace
}  // namespace nezuban::fields
