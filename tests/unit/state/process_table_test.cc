// SPDX-License-Identifier: Apache-2.0
// What the process table has of what was seen.
#include <gtest/gtest.h>

#include <string>

#include "process_table_fixture.h"

namespace nezuban::state {
namespace {

using testlib::Actor;
using testlib::Argv;
using testlib::Draft;
using testlib::Exec;
using testlib::Exit;
using testlib::Fork;

TEST_F(ProcessTableTest, ExecTellsAllOfAProcess) {
  auto exec = Exec({.tgid = 20, .start_ns = 205, .comm = "bash", .cgroup_id = 5, .uid = 1000},
                   "/bin/bash", Argv({"bash", "-i"}), "/root");
  exec->ppid = 10;
  exec->parent_start_ns = 105;
  exec->tty = 0x8801;
  exec->vpid = 3;
  exec->exe_file.ino = 42;
  exec->stdio[0].kind = STDIO_SOCKET;
  exec->stdio[0].ends.remote_port = 4444;
  exec.Text(exec->stdio_names[1], "/dev/null");
  exec->hdr.time_ns = 999;
  Apply(std::move(exec));

  const Process* process = table_.Find({20, 205});
  ASSERT_NE(process, nullptr);
  EXPECT_EQ(process->comm, "bash");
  EXPECT_EQ(process->exe_path.bytes.view(), "/bin/bash");
  EXPECT_EQ(process->args.bytes.view(), Argv({"bash", "-i"}));
  EXPECT_EQ(process->args.total, 8u);
  EXPECT_EQ(process->cwd.bytes.view(), "/root");
  EXPECT_EQ(process->parent, (ProcessKey{10, 105}));
  EXPECT_EQ(process->exe_file.ino, 42u);
  EXPECT_EQ(process->stdio[0].ends.remote_port, 4444);
  EXPECT_EQ(process->stdio[1].name.bytes.view(), "/dev/null");
  EXPECT_TRUE(process->stdio_known);
  EXPECT_EQ(process->uid, 1000u);
  EXPECT_EQ(process->tty, 0x8801u);
  EXPECT_EQ(process->vpid, 3u);
  EXPECT_EQ(process->cgroup_id, 5u);
  EXPECT_EQ(process->exec_ns, 999u);
  EXPECT_FALSE(process->from_snapshot);
  EXPECT_EQ(table_.counters().from_header, 0u);
}

TEST_F(ProcessTableTest, AChildSharesItsParentsImageUntilItExecs) {
  const Actor shell{.tgid = 20, .start_ns = 205, .comm = "bash", .cgroup_id = 5};
  Apply(Exec(shell, "/bin/bash", Argv({"bash"})));
  auto fork = Fork(shell, 30, 305);
  fork->child_vpid = 4;
  fork->child_pid_ns = 9;
  fork->child_cgroup_id = 6;
  Apply(std::move(fork));

  const Process* parent = table_.Find({20, 205});
  const Process* child = table_.Find({30, 305});
  ASSERT_NE(child, nullptr);
  EXPECT_EQ(child->comm, "bash");
  EXPECT_EQ(child->args.bytes.view().data(), parent->args.bytes.view().data()) << "not shared";
  EXPECT_EQ(child->vpid, 4u);
  EXPECT_EQ(child->pid_ns, 9u);
  EXPECT_EQ(child->cgroup_id, 6u);
  EXPECT_EQ(child->exec_ns, 0u);
  EXPECT_EQ(table_.Parent(*child), parent);

  Apply(Exec({.tgid = 30, .start_ns = 305, .comm = "id"}, "/usr/bin/id", Argv({"id"})));
  EXPECT_EQ(child->exe_path.bytes.view(), "/usr/bin/id");
  EXPECT_EQ(parent->exe_path.bytes.view(), "/bin/bash");
  EXPECT_EQ(table_.Parent(*child), parent) << "an exec's ppid does not change who forked it";
}

// The kernel gives orphans to init; a backdoor must not lose its ancestors by a double fork.
TEST_F(ProcessTableTest, AncestorsOutliveTheirProcess) {
  Apply(Exec({.tgid = 1, .start_ns = 5, .comm = "init"}, "/init"));
  Apply(Fork({.tgid = 1, .start_ns = 5, .comm = "init"}, 20, 205));
  Apply(Exec({.tgid = 20, .start_ns = 205, .comm = "sshd"}, "/sshd"));
  Apply(Fork({.tgid = 20, .start_ns = 205, .comm = "sshd"}, 30, 305));
  Apply(Fork({.tgid = 30, .start_ns = 305, .comm = "fork"}, 40, 405));
  Apply(Exit({.tgid = 30, .start_ns = 305, .comm = "fork"}));
  Apply(Exit({.tgid = 20, .start_ns = 205, .comm = "sshd"}));
  auto exec = Exec({.tgid = 40, .start_ns = 405, .comm = "evil"}, "/evil");
  exec->ppid = 1;
  exec->parent_start_ns = 5;
  Apply(std::move(exec));
  EXPECT_EQ(Lineage({40, 405}), "evil < fork < sshd < init");
  EXPECT_EQ(table_.live(), 2u);
}

TEST_F(ProcessTableTest, WithCloneParentTheParentIsTheKernels) {
  Apply(Exec({.tgid = 10, .start_ns = 105, .comm = "shim"}, "/shim"));
  const Actor runc{.tgid = 20, .start_ns = 205, .comm = "runc"};
  Apply(Exec(runc, "/runc", Argv({"runc", "init"})));
  auto fork = Fork(runc, 30, 305);
  fork->ppid = 10;
  fork->parent_start_ns = 105;
  Apply(std::move(fork));
  EXPECT_EQ(Lineage({30, 305}), "runc < shim");
  EXPECT_EQ(table_.Find({30, 305})->exe_path.bytes.view(), "/runc") << "the image is the caller's";
}

TEST_F(ProcessTableTest, AReusedPidIsAnotherProcess) {
  Apply(Exec({.tgid = 20, .start_ns = 205, .comm = "old"}, "/old"));
  Apply(Exit({.tgid = 20, .start_ns = 205, .comm = "old"}));
  Apply(Exec({.tgid = 20, .start_ns = 905, .comm = "new"}, "/new"));
  EXPECT_EQ(Name({20, 205}), "old");
  EXPECT_EQ(Name({20, 905}), "new");
  EXPECT_EQ(table_.FindByTgid(20)->comm, "new");
  EXPECT_EQ(Name({20, 555}), "(none)");
  EXPECT_EQ(table_.counters().missed_exits, 0u);
}

TEST_F(ProcessTableTest, AReusedPidEndsTheProcessWhoseExitWasLost) {
  Apply(Exec({.tgid = 20, .start_ns = 205, .comm = "old"}, "/old"));
  Apply(Fork({.tgid = 10, .start_ns = 105, .comm = "sh"}, 20, 905));
  EXPECT_EQ(table_.Find({20, 205})->exit_ns, 905u);
  EXPECT_EQ(table_.counters().missed_exits, 1u);
  EXPECT_EQ(table_.live(), 2u);
}

TEST_F(ProcessTableTest, ALateRecordOfAnEarlierProcessIsNotTheNewestOne) {
  Apply(Exec({.tgid = 20, .start_ns = 905, .comm = "new"}, "/new"));
  EXPECT_EQ(Apply(Exec({.tgid = 20, .start_ns = 205, .comm = "old"}, "/old")).comm, "old");
  EXPECT_EQ(table_.FindByTgid(20)->comm, "new");
  EXPECT_EQ(table_.live(), 1u);
}

TEST_F(ProcessTableTest, AnUnknownProcessIsMadeFromTheHeader) {
  Draft<connect_record> connect({.tgid = 50, .start_ns = 505, .comm = "curl", .uid = 33});
  const Process& process = Apply(std::move(connect));
  EXPECT_EQ(process.key, (ProcessKey{50, 505}));
  EXPECT_EQ(process.comm, "curl");
  EXPECT_EQ(process.uid, 33u);
  EXPECT_TRUE(process.exe_path.bytes.empty());
  EXPECT_EQ(process.exe_path.total, STR_TOTAL_UNKNOWN) << "not known, which is not empty";
  EXPECT_EQ(process.args.total, STR_TOTAL_UNKNOWN);
  EXPECT_FALSE(process.stdio_known);
  EXPECT_EQ(table_.counters().from_header, 1u);

  Apply(Fork({.tgid = 60, .start_ns = 605, .comm = "make"}, 61, 615));
  EXPECT_EQ(Lineage({61, 615}), "make < make");
  EXPECT_EQ(table_.counters().from_header, 2u);
}

TEST_F(ProcessTableTest, ExitOfAnUnknownProcessIsNoError) {
  EXPECT_EQ(Apply(Exit({.tgid = 50, .start_ns = 505, .comm = "gone", .time_ns = 600})).exit_ns,
            600u);
  EXPECT_EQ(table_.live(), 0u);
  Apply(Exit({.tgid = 50, .start_ns = 505, .comm = "gone", .time_ns = 700}));
  EXPECT_EQ(table_.size(), 1u);
  EXPECT_EQ(table_.Find({50, 505})->exit_ns, 600u) << "a process ends once";
}

TEST_F(ProcessTableTest, ExecByAnotherThreadIsTheSameProcess) {
  Apply(Exec({.tgid = 20, .start_ns = 205, .comm = "java"}, "/java"));
  auto exec = Exec({.tgid = 20, .start_ns = 205, .comm = "sh", .tid = 25}, "/sh");
  Apply(std::move(exec));
  EXPECT_EQ(table_.size(), 1u);
  EXPECT_EQ(Name({20, 205}), "sh");
}

TEST_F(ProcessTableTest, AThreadsNameIsNotTheProcesss) {
  Apply(Exec({.tgid = 20, .start_ns = 205, .comm = "java"}, "/java"));
  Apply(Draft<connect_record>({.tgid = 20, .start_ns = 205, .comm = "worker-1", .tid = 25}));
  EXPECT_EQ(Name({20, 205}), "java");
  Apply(Draft<connect_record>({.tgid = 20, .start_ns = 205, .comm = "renamed"}));
  EXPECT_EQ(Name({20, 205}), "renamed") << "its leader's is";
}

TEST_F(ProcessTableTest, ForkOfAThreadAddsNothing) {
  Apply(Fork({.tgid = 20, .start_ns = 205, .comm = "java"}, 20, 205));
  Apply(Fork({.tgid = 20, .start_ns = 205, .comm = "java"}, 0, 0));
  EXPECT_EQ(table_.size(), 1u);
  EXPECT_EQ(table_.FindByTgid(20)->parent.tgid, 0u) << "and nobody is his own parent";
}

TEST_F(ProcessTableTest, AForkThatComesAfterItsChildOnlyTellsTheParent) {
  Apply(Exec({.tgid = 30, .start_ns = 305, .comm = "id"}, "/id"));
  Apply(Fork({.tgid = 20, .start_ns = 205, .comm = "sh"}, 30, 305));
  EXPECT_EQ(Lineage({30, 305}), "id < sh");
  EXPECT_EQ(table_.Find({30, 305})->exe_path.bytes.view(), "/id");
}

TEST_F(ProcessTableTest, CredentialsFollowTheHeaders) {
  Apply(Exec({.tgid = 20, .start_ns = 205, .comm = "su", .cgroup_id = 5, .uid = 1000}, "/su"));
  Apply(Draft<dup_record>({.tgid = 20, .start_ns = 205, .comm = "su", .cgroup_id = 1, .uid = 0}));
  EXPECT_EQ(table_.Find({20, 205})->uid, 0u);
  EXPECT_EQ(table_.Find({20, 205})->cgroup_id, 1u);
}

TEST_F(ProcessTableTest, OriginIsStickyAndInherited) {
  const Actor init{.tgid = 20, .start_ns = 205, .comm = "runc", .cgroup_id = 1};
  Apply(Exec(init, "/runc"));
  EXPECT_EQ(table_.Find({20, 205})->origin_cgroup_id, 0u);
  Actor inside = init;
  inside.cgroup_id = inside.origin_cgroup_id = kContainer;
  Apply(Draft<dup_record>(inside));
  EXPECT_EQ(table_.Find({20, 205})->origin_cgroup_id, kContainer);
  EXPECT_FALSE(table_.Find({20, 205})->exec_in_container) << "what runs is still the runtime";
  Apply(Fork(inside, 30, 305));
  EXPECT_FALSE(table_.Find({30, 305})->exec_in_container);

  Apply(Exec({.tgid = 30,
              .start_ns = 305,
              .comm = "sh",
              .cgroup_id = kContainer,
              .origin_cgroup_id = kContainer},
             "/bin/sh"));
  EXPECT_TRUE(table_.Find({30, 305})->exec_in_container);

  Actor escaped{.tgid = 30, .start_ns = 305, .comm = "sh", .cgroup_id = 99, .origin_cgroup_id = 98};
  Apply(Fork(escaped, 40, 405));
  EXPECT_EQ(table_.Find({30, 305})->origin_cgroup_id, kContainer) << "never rewritten";
  EXPECT_EQ(table_.Find({40, 405})->origin_cgroup_id, kContainer);
  EXPECT_TRUE(table_.Find({40, 405})->exec_in_container);
}

TEST_F(ProcessTableTest, AChildClonedIntoAContainerHasItsOrigin) {
  auto fork = Fork({.tgid = 20, .start_ns = 205, .comm = "crun"}, 30, 305);
  fork->child_cgroup_id = fork->child_origin_cgroup_id = kContainer;
  Apply(std::move(fork));
  EXPECT_EQ(table_.Find({20, 205})->origin_cgroup_id, 0u);
  EXPECT_EQ(table_.Find({30, 305})->origin_cgroup_id, kContainer);
}

TEST_F(ProcessTableTest, RemembersWhatAProcessWasBefore) {
  const auto history = [this](std::uint32_t tgid) {
    std::string out;
    for (const Image& image : table_.FindByTgid(tgid)->before) out += image.comm + " ";
    return out;
  };
  Apply(Exec({.tgid = 20, .start_ns = 205, .comm = "sh"}, "/bin/sh"));
  EXPECT_EQ(history(20), "");
  for (const char* name : {"a", "b", "c", "d", "e"}) {
    Apply(Exec({.tgid = 20, .start_ns = 205, .comm = name}, std::string("/") + name));
  }
  EXPECT_EQ(history(20), "d c b a ") << "no more than four";
  EXPECT_EQ(table_.FindByTgid(20)->before[0].exe_path.bytes.view(), "/d");
  Apply(Fork({.tgid = 20, .start_ns = 205, .comm = "e"}, 30, 305));
  EXPECT_EQ(history(30), "") << "that was its parent";
  Apply(Exec({.tgid = 30, .start_ns = 305, .comm = "id"}, "/bin/id"));
  EXPECT_EQ(history(30), "") << "what it was until then was its parent's";
}

TEST_F(ProcessTableTest, AStartThatCouldNotBeReadFindsTheNewest) {
  Apply(Exec({.tgid = 20, .start_ns = 205, .comm = "sh"}, "/sh"));
  EXPECT_EQ(Apply(Draft<connect_record>({.tgid = 20, .start_ns = 0, .comm = "sh"})).key.start_ns,
            205u);
  Apply(Draft<connect_record>({.tgid = 30, .start_ns = 0, .comm = "x"}));
  Apply(Draft<connect_record>({.tgid = 30, .start_ns = 305, .comm = "x"}));
  EXPECT_EQ(table_.size(), 2u);
  EXPECT_EQ(table_.FindByTgid(30)->key.start_ns, 305u);
}

}  // namespace
}  // namespace nezuban::state
