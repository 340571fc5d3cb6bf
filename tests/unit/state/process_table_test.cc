// SPDX-License-Identifier: Apache-2.0
#include "state/process_table.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "state/procfs.h"
#include "testlib/fake_clock.h"
#include "testlib/record_builder.h"

namespace nezuban::state {
namespace {

using testlib::Actor;
using testlib::Argv;
using testlib::Draft;
using testlib::Exec;
using testlib::Exit;
using testlib::Fork;

constexpr std::uint64_t kTick = 10'000'000;
constexpr std::uint64_t kContainer = 77;

class ProcessTableTest : public testing::Test {
 protected:
  template <typename R>
  const Process& Apply(Draft<R> draft) {
    const testlib::Record record = draft.Build();
    return table_.Apply(record.event(), record.event().header().origin_cgroup_id);
  }
  std::string Name(ProcessKey key) const {
    const Process* process = table_.Find(key);
    return process != nullptr ? process->comm : "(none)";
  }
  // "sh < sshd < init": a process and its ancestors.
  std::string Lineage(ProcessKey key) const {
    std::string out;
    const Process* process = table_.Find(key);
    for (int i = 0; process != nullptr && i < 20; ++i, process = table_.Parent(*process)) {
      out += (i == 0 ? "" : " < ") + process->comm;
    }
    return out;
  }

  ProcessTable table_{{}, kTick};
};

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

Draft<exec_record> Snapshot(const Actor& actor, std::string_view exe) {
  auto exec = Exec(actor, exe);
  exec->hdr.sensor = SENSOR_SNAPSHOT;
  return exec;
}

ProcfsProcess FromProcfs(std::uint32_t tgid, std::uint64_t start_ns, std::uint32_t ppid,
                         std::string comm) {
  ProcfsProcess found;
  found.tgid = tgid;
  found.ppid = ppid;
  found.start_ticks = start_ns / kTick;
  found.comm = comm;
  found.exe_path = "/" + comm;
  found.args = Argv({comm, "-x"});
  return found;
}

TEST_F(ProcessTableTest, SnapshotAndProcfsMakeOneProcessTogether) {
  const std::uint64_t start = 3 * kTick + 1234;
  auto snapshot = Snapshot({.tgid = 20, .start_ns = start, .comm = "sshd"}, "/usr/sbin/sshd");
  snapshot->hdr.origin_cgroup_id = kContainer;
  snapshot->parent_start_ns = 2 * kTick + 5;
  Apply(std::move(snapshot));
  table_.Merge(FromProcfs(20, start, 1, "sshd"));
  table_.Merge(FromProcfs(1, 2 * kTick + 5, 0, "init"));  // hidden from the snapshot

  const Process* process = table_.Find({20, start});
  ASSERT_NE(process, nullptr);
  EXPECT_TRUE(process->from_snapshot);
  EXPECT_TRUE(process->exec_in_container);
  EXPECT_FALSE(process->stdio_known);
  EXPECT_EQ(process->exec_ns, 0u);
  EXPECT_EQ(process->exe_path.bytes.view(), "/usr/sbin/sshd");
  EXPECT_EQ(process->args.bytes.view(), Argv({"sshd", "-x"})) << "argv comes from /proc";
  EXPECT_EQ(Lineage({20, start}), "sshd < init");
  EXPECT_EQ(table_.size(), 2u);
  EXPECT_EQ(table_.counters().from_header, 0u);
}

TEST_F(ProcessTableTest, TheFirstRecordCorrectsARoundedStart) {
  const std::uint64_t start = 3 * kTick + 1234;
  table_.Merge(FromProcfs(20, start, 1, "sshd"));
  EXPECT_TRUE(table_.FindByTgid(20)->start_rounded);
  EXPECT_EQ(Name({20, start}), "sshd") << "matched by tick";
  EXPECT_EQ(Name({20, start + kTick}), "(none)");
  Apply(Draft<connect_record>({.tgid = 20, .start_ns = start, .comm = "sshd"}));
  EXPECT_EQ(table_.size(), 1u);
  EXPECT_FALSE(table_.FindByTgid(20)->start_rounded);
  EXPECT_EQ(table_.FindByTgid(20)->key.start_ns, start);
  EXPECT_EQ(Name({20, start / kTick * kTick}), "sshd") << "a child may still hold the rounded key";
  Apply(Exit({.tgid = 20, .start_ns = start, .comm = "sshd"}));
  EXPECT_EQ(table_.live(), 0u);
}

TEST_F(ProcessTableTest, ProcfsDoesNotOverwriteWhatWasSeen) {
  const std::uint64_t start = 3 * kTick + 1234;
  Apply(Exec({.tgid = 20, .start_ns = start, .comm = "id"}, "/usr/bin/id"));
  table_.Merge(FromProcfs(20, start, 1, "liar"));
  Apply(Snapshot({.tgid = 20, .start_ns = start, .comm = "id"}, "/elsewhere"));
  const Process* process = table_.Find({20, start});
  EXPECT_EQ(process->exe_path.bytes.view(), "/usr/bin/id");
  EXPECT_TRUE(process->args.bytes.empty()) << "an exec without arguments has none";
  EXPECT_FALSE(process->from_snapshot);
}

TEST_F(ProcessTableTest, WhatIsFoundAfterLossesIsMarked) {
  const std::uint64_t start = 3 * kTick + 1234;
  auto exec = Exec({.tgid = 20, .start_ns = start, .comm = "sh"}, "/bin/sh", Argv({"sh", "-c"}));
  exec->exe_file.ino = 7;
  Apply(std::move(exec));
  table_.BeginHealing();
  auto same = Snapshot({.tgid = 20, .start_ns = start, .comm = "sh"}, "/bin/sh");
  same->exe_file.ino = 7;
  Apply(std::move(same));
  EXPECT_FALSE(table_.Find({20, start})->healed) << "nothing of it was missed";
  auto late = Snapshot({.tgid = 20, .start_ns = start, .comm = "x", .time_ns = 1000}, "/bin/x");
  late->exe_file.ino = 6;
  Apply(std::move(late));
  EXPECT_FALSE(table_.Find({20, start})->healed) << "found before it executed what it is";
  auto other = Snapshot({.tgid = 20, .start_ns = start, .comm = "nc"}, "/bin/nc");
  other->exe_file.ino = 8;
  Apply(std::move(other));
  table_.Merge(FromProcfs(20, start, 1, "nc"));
  table_.Merge(FromProcfs(30, start, 1, "new"));
  Apply(Snapshot({.tgid = 40, .start_ns = start, .comm = "newer"}, "/newer"));
  const Process* process = table_.Find({20, start});
  EXPECT_TRUE(process->healed);
  EXPECT_EQ(process->exe_path.bytes.view(), "/bin/nc");
  EXPECT_EQ(process->args.bytes.view(), Argv({"nc", "-x"}));
  ASSERT_EQ(process->before.size(), 1u);
  EXPECT_EQ(process->before[0].exe_path.bytes.view(), "/bin/sh");
  EXPECT_TRUE(table_.FindByTgid(30)->healed);
  EXPECT_TRUE(table_.FindByTgid(40)->healed);
  EXPECT_EQ(table_.counters().healed, 3u);
  Apply(Exec({.tgid = 20, .start_ns = start, .comm = "id"}, "/bin/id"));
  EXPECT_FALSE(table_.Find({20, start})->healed) << "this one was seen";
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

TEST_F(ProcessTableTest, ProcfsFillsAProcessKnownOnlyByItsHeader) {
  const std::uint64_t start = 3 * kTick + 1234;
  Apply(Draft<connect_record>({.tgid = 20, .start_ns = start, .comm = "curl"}));
  table_.Merge(FromProcfs(1, 5, 0, "init"));
  table_.Merge(FromProcfs(20, start, 1, "curl"));
  EXPECT_EQ(table_.Find({20, start})->exe_path.bytes.view(), "/curl");
  EXPECT_EQ(Lineage({20, start}), "curl < init");
}

TEST_F(ProcessTableTest, WhatProcfsDoesNotShowIsNotKnown) {
  ProcfsProcess zombie = FromProcfs(20, 3 * kTick, 1, "zombie");
  zombie.exe_path.clear();
  zombie.args.clear();
  table_.Merge(zombie);
  const Process* process = table_.FindByTgid(20);
  EXPECT_EQ(process->exe_path.total, STR_TOTAL_UNKNOWN);
  EXPECT_EQ(process->args.total, STR_TOTAL_UNKNOWN);
  EXPECT_EQ(process->cwd.total, STR_TOTAL_UNKNOWN);

  ProcfsProcess bare = FromProcfs(30, 3 * kTick, 1, "bare");
  bare.args.clear();
  table_.Merge(bare);
  EXPECT_EQ(table_.FindByTgid(30)->args.total, 0u) << "started without arguments";
  ProcfsProcess cut = FromProcfs(40, 3 * kTick, 1, "cut");
  cut.args_truncated = true;
  table_.Merge(cut);
  EXPECT_EQ(table_.FindByTgid(40)->args.total, STR_TOTAL_UNKNOWN);
}

TEST_F(ProcessTableTest, AReusedPidIsNoParentOfAnOlderProcess) {
  table_.Merge(FromProcfs(30, 3 * kTick, 20, "orphan"));
  Apply(Exec({.tgid = 20, .start_ns = 9 * kTick + 5, .comm = "young"}, "/young"));
  EXPECT_EQ(Lineage({30, 3 * kTick}), "orphan");
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

TEST_F(ProcessTableTest, EndMissingEndsWhatIsNoLongerThere) {
  Apply(Exec({.tgid = 20, .start_ns = 205, .comm = "a"}, "/a"));
  Apply(Exec({.tgid = 30, .start_ns = 305, .comm = "b"}, "/b"));
  Apply(Exec({.tgid = 40, .start_ns = 905, .comm = "later"}, "/c"));
  const std::vector<std::uint32_t> there = {1, 30};
  table_.EndMissing(there, 500);
  EXPECT_EQ(table_.Find({20, 205})->exit_ns, 500u);
  EXPECT_EQ(table_.Find({30, 305})->exit_ns, 0u);
  EXPECT_EQ(table_.Find({40, 905})->exit_ns, 0u) << "started after the list was read";
  EXPECT_EQ(table_.counters().missed_exits, 1u);
  EXPECT_EQ(table_.live(), 2u);
}

}  // namespace
}  // namespace nezuban::state
