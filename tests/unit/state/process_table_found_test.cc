// SPDX-License-Identifier: Apache-2.0
// What the process table has of what was found: by the snapshot, in procfs, after losses.
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "process_table_fixture.h"
#include "state/procfs.h"

namespace nezuban::state {
namespace {

using testlib::Actor;
using testlib::Argv;
using testlib::Draft;
using testlib::Exec;
using testlib::Exit;

Draft<exec_record> Snapshot(const Actor& actor, std::string_view exe) {
  auto exec = Exec(actor, exe);
  exec->hdr.sensor = SENSOR_SNAPSHOT;
  return exec;
}

ProcfsProcess FromProcfs(std::uint32_t tgid, std::uint64_t start_ns, std::uint32_t ppid,
                         const std::string& comm) {
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
