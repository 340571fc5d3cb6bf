// SPDX-License-Identifier: Apache-2.0
// Reads passwd and group files where a process has its root. The process is a child that changes
// its root to a directory of ours.
#include "state/names_files.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>

#include "state/process_table.h"
#include "state/procfs.h"
#include "testlib/temp_dir.h"

namespace nezuban::state {
namespace {

constexpr std::uint64_t kMountedBox = 50;

class NamesFilesTest : public testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::create_directories(directory_ + "/box/etc");
    std::filesystem::create_directories(directory_ + "/etc");
    Write("/etc/passwd", "outside:x:1000:1000::/:/\n");
    child_ = ::fork();
    if (child_ == 0) {
      if (::chroot((directory_ + "/box").c_str()) != 0) ::_exit(1);
      while (true) ::pause();
    }
  }
  void TearDown() override {
    ::kill(child_, SIGKILL);
    ::waitpid(child_, nullptr, 0);
  }

  void Write(const std::string& path, const std::string& text) {
    std::ofstream(directory_ + path) << text;
  }

  NamesRead Read(const NamesVersion* known = nullptr) {
    const auto child = static_cast<std::uint32_t>(child_);
    const NamesWanted wanted{kMountedBox, {child, 0}};
    // Until it has changed its root, it has the node's.
    while (std::filesystem::read_symlink("/proc/" + std::to_string(child_) + "/root") == "/") {
      ::usleep(1000);
    }
    return ReadNames(wanted, {}, known);
  }

  const testlib::TempDir temp_;
  const std::string directory_ = temp_.path();
  pid_t child_ = -1;
};

TEST_F(NamesFilesTest, ReadsWhatTheProcessSees) {
  Write("/box/etc/passwd", "web:x:1000:1000::/home/web:/bin/sh\n");
  Write("/box/etc/group", "shop:x:1000:\n");
  const NamesRead read = Read();
  ASSERT_EQ(read.answer, NamesAnswer::kRead);
  EXPECT_EQ(read.names->users, (std::vector<User>{{1000, "web", "/home/web", "/bin/sh"}}));
  EXPECT_EQ(read.names->groups, (std::vector<Group>{{1000, "shop"}}));
}

TEST_F(NamesFilesTest, WithoutFilesNobodyHasAName) {
  std::filesystem::remove(directory_ + "/box/etc");
  const NamesRead read = Read();
  ASSERT_EQ(read.answer, NamesAnswer::kRead);
  EXPECT_EQ(*read.names, UserNames());
}

TEST_F(NamesFilesTest, FollowsNoLinkOut) {
  for (const std::string& target : {std::string("../../etc/passwd"), directory_ + "/etc/passwd",
                                    std::string("/proc/1/root/etc/passwd")}) {
    std::filesystem::create_symlink(target, directory_ + "/box/etc/passwd");
    const NamesRead read = Read();
    ASSERT_EQ(read.answer, NamesAnswer::kRead) << target;
    EXPECT_TRUE(read.names->users.empty()) << target;
    std::filesystem::remove(directory_ + "/box/etc/passwd");
  }
  // One that stays inside is followed.
  Write("/box/users", "web:x:1000:1000::/:/\n");
  std::filesystem::create_symlink("../../../users", directory_ + "/box/etc/passwd");
  EXPECT_EQ(Read().names->users.size(), 1U);
}

TEST_F(NamesFilesTest, TakesOnlyRegularFilesAndWaitsForNone) {
  ASSERT_EQ(::mkfifo((directory_ + "/box/etc/passwd").c_str(), 0600), 0);
  ASSERT_EQ(::mkdir((directory_ + "/box/etc/group").c_str(), 0700), 0);
  const NamesRead read = Read();
  ASSERT_EQ(read.answer, NamesAnswer::kRead);
  EXPECT_EQ(*read.names, UserNames{.whole = false}) << "who is in them is not known";
}

TEST_F(NamesFilesTest, WhatIsThereButCannotBeReadLeavesItOpen) {
  std::filesystem::create_symlink("passwd", directory_ + "/box/etc/passwd");  // to itself
  const NamesRead read = Read();
  ASSERT_EQ(read.answer, NamesAnswer::kRead);
  EXPECT_EQ(*read.names, UserNames{.whole = false});
}

TEST_F(NamesFilesTest, TakesNothingFromAFileSystemThatTheKernelMakesUp) {
  Write("/box/etc/passwd", "");
  ASSERT_EQ(::unshare(CLONE_NEWNS), 0);
  ASSERT_EQ(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0);
  const std::string place = directory_ + "/box/etc/passwd";
  // The name of a thread is 15 bytes of its owner's: enough for a short line.
  ASSERT_EQ(::prctl(PR_SET_NAME, "a:x:7:7::/:/"), 0);
  const std::string name = "/proc/" + std::to_string(::getpid()) + "/comm";
  ASSERT_EQ(::mount(name.c_str(), place.c_str(), nullptr, MS_BIND, nullptr), 0);
  const NamesRead read = ReadNames({}, {.node = directory_ + "/box"}, nullptr);
  ::umount2(place.c_str(), MNT_DETACH);
  ASSERT_EQ(read.answer, NamesAnswer::kRead);
  EXPECT_EQ(*read.names, UserNames{.whole = false});
}

TEST_F(NamesFilesTest, AsksNobodyWhoMadeAUserNamespaceWithinTheContainers) {
  Write("/box/etc/passwd", "web:x:1000:1000::/:/\n");
  ASSERT_EQ(Read().answer, NamesAnswer::kRead);
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    if (::unshare(CLONE_NEWUSER) != 0 || ::write(ready[1], "x", 1) != 1) ::_exit(1);
    while (true) ::pause();
  }
  char byte = 0;
  EXPECT_EQ(::read(ready[0], &byte, 1), 1);
  const NamesWanted wanted{kMountedBox, {static_cast<std::uint32_t>(child), 0}};
  EXPECT_EQ(ReadNames(wanted, {.node = directory_}, nullptr).answer, NamesAnswer::kUnreadable);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  ::close(ready[0]);
  ::close(ready[1]);
}

TEST_F(NamesFilesTest, AsksNobodyInAnotherMountNamespace) {
  Write("/box/etc/passwd", "web:x:1000:1000::/:/\n");
  Read();  // it has its root now
  struct stat own {};
  ASSERT_EQ(::stat("/proc/self/ns/mnt", &own), 0);
  NamesWanted wanted{kMountedBox, {static_cast<std::uint32_t>(child_), 0}};
  wanted.mnt_ns = static_cast<std::uint32_t>(own.st_ino);
  EXPECT_EQ(ReadNames(wanted, {}, nullptr).answer, NamesAnswer::kRead);
  wanted.mnt_ns += 1;
  EXPECT_EQ(ReadNames(wanted, {}, nullptr).answer, NamesAnswer::kUnreadable);
}

TEST_F(NamesFilesTest, CutsAtTheLimitAndSaysSo) {
  std::string text = "web:x:1000:1000::/:/\n";
  text +=
      "cut:x:1001:1001::/" + std::string(NamesLimits().file_bytes - text.size() - 17, 'a') + ":/\n";
  Write("/box/etc/passwd", text);
  const NamesRead read = Read();
  ASSERT_EQ(read.answer, NamesAnswer::kRead);
  EXPECT_EQ(read.names->users.size(), 1U);
  EXPECT_FALSE(read.names->whole);
}

TEST_F(NamesFilesTest, TellsWhetherTheyHaveChanged) {
  Write("/box/etc/passwd", "web:x:1000:1000::/:/\n");
  const NamesRead first = Read();
  EXPECT_EQ(Read(&first.version).answer, NamesAnswer::kUnchanged);
  Write("/box/etc/new", "job:x:1000:1000::/:/\n");
  std::filesystem::rename(directory_ + "/box/etc/new", directory_ + "/box/etc/passwd");
  const NamesRead second = Read(&first.version);
  ASSERT_EQ(second.answer, NamesAnswer::kRead);
  EXPECT_EQ(second.names->FindUser(1000)->name, "job");
}

TEST_F(NamesFilesTest, AsksOnlyTheOneThatIsMeant) {
  Write("/box/etc/passwd", "web:x:1000:1000::/:/\n");
  Read();  // it has its root now
  const auto child = static_cast<std::uint32_t>(child_);
  const auto process = ScanProcfs("/proc");
  ASSERT_TRUE(process);
  std::uint64_t start_ns = 0;
  for (const ProcfsProcess& one : *process) {
    if (one.tgid == child) start_ns = one.start_ticks * ClockTickNs();
  }
  const ProcessKey gone{0x3fffff, 1};
  const ProcessKey reused{child, start_ns + 10 * ClockTickNs()};
  EXPECT_EQ(ReadNames({kMountedBox, gone}, {}, nullptr).answer, NamesAnswer::kUnreadable);
  EXPECT_EQ(ReadNames({kMountedBox, reused}, {}, nullptr).answer, NamesAnswer::kUnreadable);
  EXPECT_EQ(ReadNames({kMountedBox, {child, start_ns + 1}}, {}, nullptr).answer,
            NamesAnswer::kRead);
}

TEST_F(NamesFilesTest, ReadsTheNodes) {
  const NamesRead read = ReadNames({}, {.node = directory_}, nullptr);
  ASSERT_EQ(read.answer, NamesAnswer::kRead);
  EXPECT_EQ(read.names->FindUser(1000)->name, "outside");
}

}  // namespace
}  // namespace nezuban::state
