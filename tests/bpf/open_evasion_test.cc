// SPDX-License-Identifier: Apache-2.0
// The same file, opened in ways meant to hide which: the record names it all the same.
#include <sched.h>
#include <sys/mount.h>

#include <array>
#include <atomic>
#include <thread>

#include "bpf/open_fixture.h"

namespace nezuban::bpf_test {
namespace {

TEST_F(OpenTest, ManySpellingsOfOneFile) {
  const std::string link = dir_.path() + "/link";
  ASSERT_EQ(::symlink(file_.c_str(), link.c_str()), 0);
  ASSERT_EQ(::symlink(dir_.path().c_str(), (dir_.path() + "/loop").c_str()), 0);
  const std::string names[] = {link,
                               dir_.path() + "/loop/loop/./file",
                               dir_.path() + "/../" + dir_.path().substr(5) + "//file",
                               "/proc/self/root" + file_,
                               "/proc/self/cwd/file",
                               "file"};
  const auto opens = Run([&] {
    REQUIRE_OK(::chdir(dir_.path().c_str()) == 0);
    for (const std::string& name : names) REQUIRE_OK(Openat(AT_FDCWD, name.c_str(), O_RDONLY) >= 0);
    const int dir = Openat(AT_FDCWD, "/proc/self/cwd", O_PATH);
    REQUIRE_OK(dir >= 0 && ::chdir("/") == 0 && Openat(dir, "./file", O_RDONLY) >= 0);
  });
  ASSERT_EQ(opens.size(), 8u);
  for (std::size_t i = 0; i < 8; ++i) {
    if (i == 6) continue;  // the directory
    EXPECT_EQ(opens[i].Text(opens[i]->path), file_) << i;
    EXPECT_EQ(opens[i].Text(opens[i]->name), i < 6 ? names[i] : "./file");
    ExpectFile(opens[i]->file, See(file_));
  }
}

// Another name of the file is another path, but the same inode, and it has two names.
TEST_F(OpenTest, HardLink) {
  const std::string other = dir_.path() + "/other";
  ASSERT_EQ(::link(file_.c_str(), other.c_str()), 0);
  const auto opens = Run([&] {
    for (int i = 0; i < 3; ++i) REQUIRE_OK(Openat(AT_FDCWD, other.c_str(), O_RDONLY) >= 0);
  });
  ASSERT_EQ(opens.size(), 3u);
  for (const Open& open : opens) {
    EXPECT_EQ(open.Text(open->path), other);
    ExpectFile(open->file, See(file_));
    EXPECT_EQ(open->file.nlink, 2u);
  }
}

// Through a descriptor from before the namespace was left; and what belongs to none.
// Deeper than a path can be said: its end is kept, and which file it is.
TEST_F(OpenTest, PathLongerThanAnyBuffer) {
  constexpr std::size_t kDepth = 20;
  const std::string name(255, 'n');
  const auto opens = Run([&] {
    REQUIRE_OK(::chdir(dir_.path().c_str()) == 0);
    for (std::size_t i = 0; i < kDepth; ++i)
      REQUIRE_OK(::mkdir(name.c_str(), 0755) == 0 && ::chdir(name.c_str()) == 0);
    REQUIRE_OK(::link(file_.c_str(), "deep") == 0 && Openat(AT_FDCWD, "deep", O_RDONLY) >= 0);
    REQUIRE_OK(Openat(AT_FDCWD, "none", O_RDONLY) < 0);
  });
  ASSERT_EQ(opens.size(), 2u);
  std::string whole = dir_.path();
  for (std::size_t i = 0; i < kDepth; ++i) whole += "/" + name;
  const std::string path = opens[0].Text(opens[0]->path);
  EXPECT_TRUE(opens[0].Truncated(opens[0]->path));
  EXPECT_GT(path.size(), PATH_LEN_MAX - 256u);
  EXPECT_TRUE((whole + "/deep").ends_with(path)) << path.substr(path.size() - 300);
  ExpectFile(opens[0]->file, See(file_));
  EXPECT_EQ(opens[0].Text(opens[0]->name), "deep");
  // A failed one has its directory instead.
  const std::string dir = opens[1].Text(opens[1]->dir);
  EXPECT_TRUE(opens[1].Truncated(opens[1]->dir));
  EXPECT_GT(dir.size(), PATH_LEN_MAX - 256u);
  EXPECT_TRUE(whole.ends_with(dir));
  EXPECT_EQ(opens[1].Text(opens[1]->name), "none");
  EXPECT_EQ(opens[1]->result, -ENOENT);
}

TEST_F(OpenTest, WhoseTheMountIs) {
  const std::string at = dir_.path() + "/at";
  ASSERT_EQ(::mkdir(at.c_str(), 0755), 0);
  const std::uint32_t ours = NamespaceInode(::getpid(), "mnt");
  const auto opens = Run([&] {
    const int outside = ::open(dir_.path().c_str(), O_PATH);
    REQUIRE_OK(::unshare(CLONE_NEWNS) == 0);
    REQUIRE_OK(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0);
    REQUIRE_OK(Openat(AT_FDCWD, file_.c_str(), O_RDONLY) >= 0);
    REQUIRE_OK(Openat(outside, "file", O_RDONLY) >= 0);
    REQUIRE_OK(::mount("t", at.c_str(), "tmpfs", 0, nullptr) == 0);
    const int inside = ::open(at.c_str(), O_PATH);
    REQUIRE_OK(inside >= 0 && ::umount2(at.c_str(), MNT_DETACH) == 0);
    REQUIRE_OK(Openat(inside, "made", O_CREAT | O_RDWR, 0600) >= 0);
    constexpr int kOpenTree = 428;
    const long tree = ::syscall(kOpenTree, AT_FDCWD, dir_.path().c_str(), 1 /* clone */);
    REQUIRE_OK(tree >= 0 && Openat(static_cast<int>(tree), "file", O_RDONLY) >= 0);
  });
  ASSERT_EQ(opens.size(), 6u);
  EXPECT_NE(opens[1].header().mnt_ns, ours);
  EXPECT_EQ(opens[1]->file.mnt_ns, opens[1].header().mnt_ns);
  EXPECT_EQ(opens[2]->file.mnt_ns, ours) << "foreign";
  EXPECT_EQ(opens[4]->file.mnt_ns, 0u) << "unmounted lazily";
  EXPECT_EQ(opens[4]->file.flags & FILE_DETACHED, 0);
  EXPECT_EQ(opens[5]->file.mnt_ns, 0u);
  EXPECT_NE(opens[5]->file.flags & FILE_DETACHED, 0);
}

// A thread changes the name all the time; the record's path and inode are those of the file opened.
TEST_F(OpenTest, NameRewrittenDuringTheCall) {
  constexpr int kOpens = 1009;
  const std::string decoy = dir_.path() + "/hide";
  std::ofstream(decoy) << "decoy";
  Shared<std::array<std::uint64_t, kOpens>> inodes;
  const auto opens = Run([&] {
    std::string name = file_;
    const std::size_t last = name.size() - 4;
    std::atomic<bool> stop = false;
    std::thread writer([&] {
      while (!stop) {
        for (int i = 0; i < 4; ++i) static_cast<volatile char&>(name[last + i]) = "hide"[i];
        for (int i = 0; i < 4; ++i) static_cast<volatile char&>(name[last + i]) = "file"[i];
      }
    });
    for (std::uint64_t& ino : *inodes) {
      const int fd = Openat(AT_FDCWD, name.c_str(), O_RDONLY);
      if (fd >= 0) ino = See(fd).ino;
      if (fd >= 0) ::close(fd);
    }
    stop = true;
    writer.join();
  });
  ASSERT_EQ(opens.size(), static_cast<std::size_t>(kOpens));
  for (std::size_t i = 0; i < opens.size(); ++i) {
    EXPECT_EQ(opens[i]->file.ino, (*inodes)[i]);
    if ((*inodes)[i] == 0) continue;
    EXPECT_EQ(opens[i].Text(opens[i]->path), (*inodes)[i] == See(file_).ino ? file_ : decoy);
  }
}

}  // namespace
}  // namespace nezuban::bpf_test
