// SPDX-License-Identifier: Apache-2.0
#include "state/procfs.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "bpf/events.h"
#include "state/process_table.h"
#include "testlib/sleeper.h"
#include "testlib/temp_dir.h"

namespace nezuban::state {
namespace {

using testlib::Sleeper;

constexpr std::string_view kTail = " S 1 7 6 34816 7 4194304 1 0 0 0 0 0 0 0 20 0 1 0 12345 0 0\n";

TEST(ParseProcStat, ReadsTheFieldsAroundAnyName) {
  for (const std::string_view comm :
       {"bash", "", "a b", "(", ")", "x) S 1 (y", "))((", "new\nline", "99 (z) R 5"}) {
    const std::string text = "7 (" + std::string(comm) + ")" + std::string(kTail);
    const auto stat = ParseProcStat(text);
    ASSERT_TRUE(stat.has_value()) << comm;
    EXPECT_EQ(stat->comm, comm);
    EXPECT_EQ(stat->tgid, 7u);
    EXPECT_EQ(stat->ppid, 1u);
    EXPECT_EQ(stat->pgid, 7u);
    EXPECT_EQ(stat->sid, 6u);
    EXPECT_EQ(stat->tty, 0x8800u);
    EXPECT_EQ(stat->start_ticks, 12345u);
  }
}

TEST(ParseProcStat, RefusesWhatIsNoStat) {
  const std::string whole = "7 (sh)" + std::string(kTail);
  const std::size_t start_time_ends = whole.find("12345") + 1;  // "1" is a number already
  for (std::size_t size = 0; size < start_time_ends; ++size) {
    EXPECT_FALSE(ParseProcStat(whole.substr(0, size)).has_value()) << size;
  }
  for (const std::string_view text : {
           "x (sh) S 1 7 6 0 7 0 1 0 0 0 0 0 0 0 20 0 1 0 12345",
           "-7 (sh) S 1 7 6 0 7 0 1 0 0 0 0 0 0 0 20 0 1 0 12345",
           "7 (sh) S -1 7 6 0 7 0 1 0 0 0 0 0 0 0 20 0 1 0 12345",
           "7 (sh) S 1 7 6 0 7 0 1 0 0 0 0 0 0 0 20 0 1 0 99999999999999999999999",
           "7 (sh) S 4294967296 7 6 0 7 0 1 0 0 0 0 0 0 0 20 0 1 0 12345",
           ")7(",
           "7 sh S 1",
       }) {
    EXPECT_FALSE(ParseProcStat(text).has_value()) << text;
  }
}

TEST(ParseProcStatus, FillsTheIds) {
  ProcfsProcess process;
  ParseProcStatus(
      "Name:\tUid:\nUid:\t1000\t0\t5\t6\nGid:\t100\t101\t5\t6\nGroups:\t1 2 "
      "3\nNSpid:\t900\t20\t3\n",
      process);
  EXPECT_EQ(process.uid, 1000u);
  EXPECT_EQ(process.euid, 0u);
  EXPECT_EQ(process.gid, 100u);
  EXPECT_EQ(process.egid, 101u);
  EXPECT_EQ(process.vpid, 3u) << "in the innermost namespace";
}

TEST(ParseProcStatus, LeavesAloneWhatItCannotRead) {
  for (const std::string_view text :
       {"", "\n\n", "Uid:", "Uid:\tx\ty", "Uid:\n", "NSpid:", "Uid: 99999999999 -1"}) {
    ProcfsProcess process;
    process.uid = 7;
    process.euid = 8;
    process.vpid = 9;
    ParseProcStatus(text, process);
    EXPECT_EQ(process.uid, 7u) << text;
    EXPECT_EQ(process.euid, 8u) << text;
    EXPECT_EQ(process.vpid, 9u) << text;
  }
}

TEST(ParseProcCgroup, TakesTheV2LineOnly) {
  struct Row {
    std::string_view text, path;
  };
  for (const Row& row : {
           Row{"0::/\n", "/"},
           Row{"0::/system.slice/docker.service\n", "/system.slice/docker.service"},
           Row{"4:memory:/process_api/193baa65\n1:cpu:/\n0::/v2\n", "/v2"},
           Row{"1:name=systemd:/a\n", ""},
           Row{"10::/x\n", ""},
           Row{"0::relative\n", ""},
           Row{"0::/gone (deleted)\n", "/gone"},
           Row{"0::/../../outside\n", ""},
           Row{"0::/..\n", ""},
           Row{"0::/..hidden\n", "/..hidden"},
           Row{"0::/no-newline", "/no-newline"},
           Row{"", ""},
       }) {
    EXPECT_EQ(ParseProcCgroup(row.text), row.path) << row.text;
  }
}

// A folder that looks like /proc, with whatever a test puts into it.
class FakeProc : public testing::Test {
 protected:
  void Write(const std::string& file, std::string_view text) {
    std::filesystem::create_directories((root_ / file).parent_path());
    std::ofstream(root_ / file, std::ios::binary) << text;
  }
  const testlib::TempDir directory_;
  const std::filesystem::path root_ = directory_.path();
};

TEST_F(FakeProc, IsScannedWithWhatIsThere) {
  Write("7/stat", "7 (a name of more than fifteen bytes)" + std::string(kTail));
  Write("7/cmdline", std::string("a\0b\0", 4));
  Write("7/status", "Uid:\t5\t5\t5\t5\n");
  Write("7/loginuid", "1000");
  Write("7/cgroup", "0::/x\n");
  std::filesystem::create_symlink("/bin/a", root_ / "7/exe");
  std::filesystem::create_symlink("/home", root_ / "7/cwd");
  Write("8/stat", "8 (only)" + std::string(kTail));
  Write("9/stat", "8 (another's)" + std::string(kTail));
  Write("10/cmdline", "no stat");
  Write("0/stat", "0 (idle)" + std::string(kTail));
  Write("99999999999/stat", "99999999999 (no)" + std::string(kTail));
  Write("self/stat", "7 (self)" + std::string(kTail));
  Write("11", "a file");
  std::filesystem::create_symlink(root_ / "8", root_ / "12");

  auto found = ScanProcfs(root_.string());
  ASSERT_TRUE(found) << found.error().message;
  std::sort(found->begin(), found->end(), [](auto& a, auto& b) { return a.tgid < b.tgid; });
  ASSERT_EQ(found->size(), 2u);
  const ProcfsProcess& full = (*found)[0];
  EXPECT_EQ(full.tgid, 7u);
  EXPECT_EQ(full.comm, "a name of more ");
  EXPECT_EQ(full.args, std::string("a\0b\0", 4));
  EXPECT_EQ(full.exe_path, "/bin/a");
  EXPECT_EQ(full.cwd, "/home");
  EXPECT_EQ(full.uid, 5u);
  EXPECT_EQ(full.loginuid, 1000u);
  EXPECT_EQ(full.cgroup_path, "/x");
  const ProcfsProcess& bare = (*found)[1];
  EXPECT_EQ(bare.tgid, 8u);
  EXPECT_EQ(bare.comm, "only");
  EXPECT_EQ(bare.vpid, 8u);
  EXPECT_EQ(bare.exe_path, "");
  EXPECT_EQ(bare.args, "");
  EXPECT_EQ(bare.loginuid, 0xffffffffu);
}

TEST_F(FakeProc, LongArgumentsAreCutAndSaySo) {
  struct Row {
    std::size_t size;
    bool truncated;
  };
  for (const Row& row : {Row{ARGS_LEN_MAX - 1, false}, Row{ARGS_LEN_MAX + 1, true},
                         Row{std::size_t{5} * ARGS_LEN_MAX, true}}) {
    Write("7/stat", "7 (a)" + std::string(kTail));
    Write("7/cmdline", std::string(row.size, 'x'));
    Write("7/environ", std::string(row.size + ENV_LEN_MAX - ARGS_LEN_MAX, 'y'));
    const auto found = ScanProcfs(root_.string());
    ASSERT_EQ(found->size(), 1u);
    EXPECT_EQ(found->front().args.size(), std::size_t{ARGS_LEN_MAX}) << row.size;
    EXPECT_EQ(found->front().args_truncated, row.truncated) << row.size;
    EXPECT_EQ(found->front().env.size(), std::size_t{ENV_LEN_MAX}) << row.size;
    EXPECT_EQ(found->front().env_truncated, row.truncated) << row.size;
  }
}

TEST_F(FakeProc, HugeFilesAreReadInPartOnly) {
  Write("7/stat", std::string(1 << 20, '7'));
  Write("8/stat", "8 (b)" + std::string(kTail) + std::string(1 << 20, ' '));
  Write("8/status", std::string(1 << 20, '\n'));
  Write("8/cgroup", std::string(1 << 20, '0'));
  const auto found = ScanProcfs(root_.string());
  ASSERT_EQ(found->size(), 1u);
  EXPECT_EQ(found->front().cgroup_path, "");
}

TEST(ScanProcfs, RefusesAMissingFolder) {
  const auto found = ScanProcfs("/nowhere/at/all");
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().message, "open /nowhere/at/all: No such file or directory");
}

TEST(ScanProcfs, FindsRealProcesses) {
  const Sleeper child("a) R 1 (b");
  ASSERT_GT(child.pid(), 0);
  const auto found = ScanProcfs("/proc");
  ASSERT_TRUE(found) << found.error().message;
  const auto it = std::find_if(found->begin(), found->end(), [&](const ProcfsProcess& p) {
    return p.tgid == static_cast<std::uint32_t>(child.pid());
  });
  ASSERT_NE(it, found->end());
  EXPECT_EQ(it->comm, "a) R 1 (b");
  EXPECT_EQ(it->ppid, static_cast<std::uint32_t>(::getpid()));
  EXPECT_EQ(it->exe_path, std::filesystem::read_symlink("/proc/self/exe").string());
  EXPECT_EQ(it->cwd, std::filesystem::current_path().string());
  EXPECT_EQ(it->uid, ::getuid());
  EXPECT_EQ(it->sid, static_cast<std::uint32_t>(::getsid(0)));
  EXPECT_GT(it->start_ticks, 0u);
  EXPECT_NE(it->mnt_ns, 0u);
  EXPECT_FALSE(it->args.empty());
  EXPECT_EQ(it->args.back(), '\0');
}

TEST(ScanProcfs, FillsATableWithAncestors) {
  const Sleeper child("sleeper");
  const auto found = ScanProcfs("/proc");
  ASSERT_TRUE(found);
  ProcessTable table;
  for (const ProcfsProcess& process : *found) table.Merge(process);
  EXPECT_EQ(table.size(), found->size());
  const Process* process = table.FindByTgid(static_cast<std::uint32_t>(child.pid()));
  ASSERT_NE(process, nullptr);
  const Process* parent = table.Parent(*process);
  ASSERT_NE(parent, nullptr);
  EXPECT_EQ(parent->key.tgid, static_cast<std::uint32_t>(::getpid()));
}

}  // namespace
}  // namespace nezuban::state
